using CsCheck;
using IterableAudience.Records;
using Xunit;

namespace IterableAudience.Tests.Records;

public class IdentityTests
{
    private static readonly Gen<Identity> Some =
        Gen.Select(Gen.OneOf(Gen.Const("a@example.com"), Gen.Const("b@example.com")).Null(), Gen.OneOf(Gen.Const("u"), Gen.Const("U"), Gen.Const("v")).Null(), (email, userId) => new Identity(email, userId));

    [Theory]
    [InlineData(null, "u", null, "u", true)]
    [InlineData(null, "u", null, "U", false)]
    [InlineData("a@example.com", "u", "b@example.com", "u", true)]
    [InlineData("a@example.com", "u", "a@example.com", "v", false)]
    [InlineData("a@example.com", null, "a@example.com", "u", true)]
    [InlineData("a@example.com", null, "a@example.com", null, true)]
    [InlineData("a@example.com", null, "b@example.com", "u", false)]
    [InlineData("a@example.com", null, null, "u", false)]
    [InlineData(null, null, null, null, false)]
    [InlineData(null, null, "a@example.com", "u", false)]
    public void The_userId_decides_and_the_email_where_a_userId_is_lacking(string? email, string? userId, string? otherEmail, string? otherUserId, bool same)
    {
        Assert.Equal(same, new Identity(email, userId).IsSamePersonAs(new Identity(otherEmail, otherUserId)));
        Assert.Equal(same, new Identity(otherEmail, otherUserId).IsSamePersonAs(new Identity(email, userId)));
    }

    [Fact]
    public void Being_the_same_person_is_mutual()
        => Gen.Select(Some, Some).Sample((one, other) => one.IsSamePersonAs(other) == other.IsSamePersonAs(one));

    [Fact]
    public void Everybody_with_an_identifier_is_the_same_person_as_oneself()
        => Some.Sample(one => one.IsSamePersonAs(one) == (one.Email is not null || one.UserId is not null));

    [Fact]
    public void Being_the_same_person_does_not_pass_on()
    {
        Identity mail = new("a@example.com", null), u = new("a@example.com", "u"), v = new("a@example.com", "v");
        Assert.True(mail.IsSamePersonAs(u) && mail.IsSamePersonAs(v));
        Assert.False(u.IsSamePersonAs(v));
    }
}
