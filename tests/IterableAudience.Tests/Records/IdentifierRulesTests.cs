using CsCheck;
using IterableAudience.Records;
using Xunit;

namespace IterableAudience.Tests.Records;

public class IdentifierRulesTests
{
    private static readonly string UserId52 = new('u', 52);

    public static TheoryData<string?, Reason, string?> Emails => new()
    {
        { null, Reason.IdentifierMissing, null },
        { "", Reason.EmailEmpty, null },
        { " \t\r\n\u00a0", Reason.EmailEmpty, null },
        { "ada@example.com", Reason.None, "ada@example.com" },
        { " Ada@Example.COM\t", Reason.None, "ada@example.com" },
        { "\u00a0ada@example.com\u3000", Reason.None, "ada@example.com" },
        { "JÖRG@EXAMPLE.COM", Reason.None, "jörg@example.com" },
        { "ada@", Reason.InvalidEmail, null },
        { "ada example.com", Reason.InvalidEmail, null },
        { "7", Reason.InvalidEmail, null },
        { "true", Reason.InvalidEmail, null },
    };

    public static TheoryData<string?, Reason> UserIds => new()
    {
        { null, Reason.IdentifierMissing },
        { "", Reason.UserIdEmpty },
        { "u-7", Reason.None },
        { "U-7", Reason.None },
        { "7", Reason.None },
        { "a b", Reason.None },
        { "ada@example.com", Reason.None },
        { "~!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}", Reason.None },
        { UserId52, Reason.None },
        { UserId52 + "u", Reason.UserIdTooLong },
        { " u", Reason.UserIdWhitespace },
        { "u ", Reason.UserIdWhitespace },
        { "u\n", Reason.UserIdWhitespace },
        { "\u00a0u", Reason.UserIdWhitespace },
        { "   ", Reason.UserIdWhitespace },
        { " " + UserId52, Reason.UserIdWhitespace },
        { "ü", Reason.UserIdNotPrintableAscii },
        { "a\tb", Reason.UserIdNotPrintableAscii },
        { "a\u007fb", Reason.UserIdNotPrintableAscii },
        { "a\0", Reason.UserIdNotPrintableAscii },
        { "\0", Reason.UserIdNotPrintableAscii },
        { new string('ü', 53), Reason.UserIdTooLong },
    };

    [Theory]
    [MemberData(nameof(Emails))]
    public void An_email_based_project_judges_the_email_alone(string? email, Reason fault, string? address)
    {
        foreach (var userId in new[] { null, "", "u-7", " bad " })
        {
            var verdict = IdentifierRules.Judge(ProjectType.EmailBased, email, userId);
            Assert.Equal(new RecordVerdict(new Identity(address, null), fault, fault, Reason.None, false), verdict);
            Assert.Equal(fault == Reason.None, verdict.HasIdentity);
        }
    }

    [Theory]
    [MemberData(nameof(UserIds))]
    public void A_userId_based_project_judges_the_userId_alone(string? userId, Reason fault)
    {
        foreach (var email in new[] { null, "", "ada@example.com", "bad" })
        {
            var verdict = IdentifierRules.Judge(ProjectType.UserIdBased, email, userId);
            Assert.Equal(new RecordVerdict(new Identity(null, fault == Reason.None ? userId : null), fault, Reason.None, fault, false), verdict);
        }
    }

    [Fact]
    public void A_hybrid_project_takes_every_valid_identifier_and_warns_only_of_bad_ones()
    {
        foreach (var (email, emailFault, address) in Emails.Select(row => row.Data))
        {
            foreach (var (userId, userIdFault) in UserIds.Select(row => row.Data))
            {
                var verdict = IdentifierRules.Judge(ProjectType.Hybrid, email, userId);
                var none = emailFault != Reason.None && userIdFault != Reason.None;
                Assert.Equal(none ? Reason.NoValidIdentifier : Reason.None, verdict.Rejection);
                Assert.Equal((emailFault, userIdFault), (verdict.EmailFault, verdict.UserIdFault));
                Assert.Equal(new Identity(address, userIdFault == Reason.None ? userId : null), verdict.Identity);
                Assert.Equal(!none && (IsBad(emailFault) || IsBad(userIdFault)), verdict.IdentifierDropped);
            }
        }
    }

    [Theory]
    [InlineData("ada@example.com", null, false)]
    [InlineData("ada@example.com", "", false)]
    [InlineData("ada@example.com", " u", true)]
    [InlineData(null, "u", false)]
    [InlineData("", "u", false)]
    [InlineData("  ", "u", false)]
    [InlineData("bad", "u", true)]
    [InlineData("ada@example.com", "u", false)]
    [InlineData("bad", " u", false)]
    public void A_dropped_identifier_is_a_bad_one_beside_a_good_one(string? email, string? userId, bool dropped)
        => Assert.Equal(dropped, IdentifierRules.Judge(ProjectType.Hybrid, email, userId).IdentifierDropped);

    [Fact]
    public void What_is_valid_stays_valid_and_the_same_when_judged_again()
        => Gen.Select(Gen.Enum<ProjectType>(), Gen.Char[" aB.@\"ü"].Array[0, 8], Gen.Char[" uÜ7\t"].Array[0, 55]).Sample((type, mail, user) =>
        {
            var first = IdentifierRules.Judge(type, new string(mail) + "@Example.com ", new string(user));
            if (first.HasIdentity)
            {
                var again = IdentifierRules.Judge(type, first.Identity.Email, first.Identity.UserId);
                Assert.Equal(first.Identity, again.Identity);
                Assert.Equal(Reason.None, again.Rejection);
            }
        });

    [Fact]
    public void A_record_has_an_identity_or_a_rejection_never_both()
        => Gen.Select(Gen.Enum<ProjectType>(), Gen.String.Null(), Gen.String.Null()).Sample((type, email, userId) =>
        {
            var verdict = IdentifierRules.Judge(type, email, userId);
            Assert.Equal(verdict.Rejection == Reason.None, verdict.HasIdentity);
        });

    private static bool IsBad(Reason fault)
        => fault is Reason.InvalidEmail or Reason.UserIdWhitespace or Reason.UserIdTooLong or Reason.UserIdNotPrintableAscii;
}
