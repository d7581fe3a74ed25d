using IterableAudience.Records;
using Xunit;

namespace IterableAudience.Tests.Records;

/// <summary>The words are part of the HTTP contract: clients compare them. A changed one breaks them.</summary>
public class WordsTests
{
    private static readonly string[] OutcomeWords =
    [
        "subscribed", "unsubscribed", "unchanged", "retained", "superseded", "rejected", "failed", "forgotten", "not_sent", "planned",
    ];

    private static readonly string[] ReasonWords =
    [
        "was_not_member", "user_forgotten", "already_member", "held_by_another_record", "later_record_same_key",
        "invalid_email", "email_empty", "user_id_empty", "user_id_whitespace", "user_id_too_long", "user_id_not_printable_ascii", "identifier_missing",
        "no_valid_identifier", "malformed_record", "unsupported_action", "null_primary_key", "duplicate_primary_key",
        "user_not_found", "iterable_invalid_email", "iterable_invalid_user_id", "identity_conflict", "invalid_data", "refused_by_iterable", "delivery_failed", "unattributed",
        "sync_aborted", "sync_cancelled", "plan_held", "plan_discarded",
    ];

    [Fact]
    public void Outcomes_have_the_words_of_the_contract()
        => Assert.Equal(OutcomeWords, Enum.GetValues<Outcome>().Where(o => o != Outcome.Pending).Select(o => o.Word()));

    [Fact]
    public void Reasons_have_the_words_of_the_contract()
        => Assert.Equal(ReasonWords, Enum.GetValues<Reason>().Where(r => r != Reason.None).Select(r => r.Word()));

    [Fact]
    public void Actions_and_project_types_have_the_words_of_the_contract()
    {
        Assert.Equal(["insert", "update", "delete"], Enum.GetValues<RecordAction>().Select(a => a.Word()));
        Assert.Equal(["email-based", "userId-based", "hybrid"], Enum.GetValues<ProjectType>().Select(t => t.Word()));
    }

    [Fact]
    public void No_reason_has_no_word() => Assert.Null(Reason.None.Word());

    [Fact]
    public void Every_word_leads_back()
    {
        foreach (var outcome in Enum.GetValues<Outcome>())
        {
            Assert.True(Words.TryOutcome(outcome.Word(), out var found));
            Assert.Equal(outcome, found);
        }

        foreach (var reason in Enum.GetValues<Reason>().Where(r => r != Reason.None))
        {
            Assert.True(Words.TryReason(reason.Word()!, out var found));
            Assert.Equal(reason, found);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("Subscribed")]
    [InlineData("INVALID_EMAIL")]
    [InlineData("invalid email")]
    public void Other_words_lead_nowhere(string word)
    {
        Assert.False(Words.TryOutcome(word, out _));
        Assert.False(Words.TryReason(word, out _));
    }

    // The numbers are in the store: renumbering would change the past.
    [Theory]
    [InlineData(Outcome.Subscribed, 1)]
    [InlineData(Outcome.Rejected, 6)]
    [InlineData(Outcome.Planned, 10)]
    public void Outcomes_keep_their_numbers(Outcome outcome, byte number) => Assert.Equal(number, (byte)outcome);

    [Theory]
    [InlineData(Reason.WasNotMember, 1)]
    [InlineData(Reason.InvalidEmail, 10)]
    [InlineData(Reason.DuplicatePrimaryKey, 21)]
    [InlineData(Reason.UserNotFound, 30)]
    [InlineData(Reason.Unattributed, 37)]
    [InlineData(Reason.PlanDiscarded, 43)]
    public void Reasons_keep_their_numbers(Reason reason, byte number) => Assert.Equal(number, (byte)reason);
}
