using CsCheck;
using IterableAudience.Iterable;
using IterableAudience.Records;
using Xunit;

namespace IterableAudience.Tests.Iterable;

public sealed class AttributionTests
{
    private static readonly Identity Ann = new("ann@example.com", "ann");
    private static readonly Identity Bob = new("bob@example.com", "bob");
    private static readonly Identity Cid = new("cid@example.com", null);

    [Theory]
    [InlineData("InvalidEmails", "Failed", "IterableInvalidEmail", "Failed", "IterableInvalidEmail")]
    [InlineData("InvalidUserIds", "Failed", "IterableInvalidUserId", "Failed", "IterableInvalidUserId")]
    [InlineData("InvalidDataEmails", "Failed", "InvalidData", "Failed", "InvalidData")]
    [InlineData("InvalidDataUserIds", "Failed", "InvalidData", "Failed", "InvalidData")]
    [InlineData("ConflictEmails", "Failed", "IdentityConflict", "Failed", "IdentityConflict")]
    [InlineData("ConflictUserIds", "Failed", "IdentityConflict", "Failed", "IdentityConflict")]
    [InlineData("NotFoundEmails", "Failed", "UserNotFound", "Unsubscribed", "WasNotMember")]
    [InlineData("NotFoundUserIds", "Failed", "UserNotFound", "Unsubscribed", "WasNotMember")]
    [InlineData("ForgottenEmails", "Forgotten", "UserForgotten", "Unsubscribed", "UserForgotten")]
    [InlineData("ForgottenUserIds", "Forgotten", "UserForgotten", "Unsubscribed", "UserForgotten")]
    public void Each_failure_list_has_its_outcome(string name, string onSubscribe, string reasonOnSubscribe, string onUnsubscribe, string reasonOnUnsubscribe)
    {
        var list = Enum.Parse<FailureList>(name);
        var named = new NamedFailure(list, name.EndsWith("Emails", StringComparison.Ordinal) ? "BOB@example.com" : "bob");
        foreach (var (kind, outcome, reason) in new[]
        {
            (OperationKind.Subscribe, onSubscribe, reasonOnSubscribe),
            (OperationKind.Unsubscribe, onUnsubscribe, reasonOnUnsubscribe),
        })
        {
            var verdict = Attribution.Attribute(kind, [Ann, Bob, Cid], new ListAnswer(2, 1, [named]));
            Assert.True(verdict.IsComplete);
            Assert.Equal(kind == OperationKind.Subscribe ? Outcome.Subscribed : Outcome.Unsubscribed, verdict.Results[0].Outcome);
            Assert.Equal((outcome, reason), (verdict.Results[1].Outcome.ToString(), verdict.Results[1].Reason.ToString()));
            Assert.Contains(name, verdict.Results[1].Detail, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("bob", verdict.Results[1].Detail, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public void The_first_of_forgotten_conflict_invalid_data_and_not_found_is_the_reason()
    {
        var order = new[] { FailureList.ForgottenUserIds, FailureList.ConflictEmails, FailureList.InvalidUserIds, FailureList.InvalidDataEmails, FailureList.NotFoundUserIds };
        for (var first = 0; first < order.Length; first++)
        {
            var named = order[first..].Reverse().Select(l => new NamedFailure(l, new NamedFailure(l, "").IsEmail ? Ann.Email! : Ann.UserId!)).ToList();
            var verdict = Attribution.Attribute(OperationKind.Subscribe, [Ann, Bob], new ListAnswer(1, 1, named));
            Assert.Equal(Attribution.Failed(OperationKind.Subscribe, order[first], 200, false), verdict.Results[0]);
            Assert.Equal(Outcome.Subscribed, verdict.Results[1].Outcome);
        }
    }

    [Fact]
    public void A_userId_is_matched_exactly()
    {
        var verdict = Attribution.Attribute(OperationKind.Subscribe, [Ann, Bob], new ListAnswer(1, 1, [new(FailureList.InvalidUserIds, "ANN")]));
        Assert.Equal([0, 1], verdict.Unnamed);
    }

    [Fact]
    public void Both_identifiers_of_one_operation_are_one_failure()
    {
        var verdict = Attribution.Attribute(OperationKind.Subscribe, [Ann, Bob], new ListAnswer(1, 1, [new(FailureList.NotFoundEmails, Ann.Email!), new(FailureList.NotFoundUserIds, Ann.UserId!)]));
        Assert.Equal([Outcome.Failed, Outcome.Subscribed], verdict.Results.Select(r => r.Outcome));
    }

    [Fact]
    public void A_failure_that_no_list_names_leaves_the_others_open()
    {
        var verdict = Attribution.Attribute(OperationKind.Subscribe, [Ann, Bob, Cid], new ListAnswer(1, 2, [new(FailureList.InvalidUserIds, "bob")]));
        Assert.Equal([Outcome.Pending, Outcome.Failed, Outcome.Pending], verdict.Results.Select(r => r.Outcome));
        Assert.Equal([0, 2], verdict.Unnamed);
    }

    [Fact]
    public void Counts_that_leave_somebody_out_leave_everybody_open()
    {
        var verdict = Attribution.Attribute(OperationKind.Unsubscribe, [Ann, Bob, Cid], new ListAnswer(2, 0, []));
        Assert.Equal([0, 1, 2], verdict.Unnamed);
    }

    [Fact]
    public void An_identifier_of_two_operations_is_trusted_when_both_failed()
    {
        Identity twin = new(Ann.Email, "other");
        var verdict = Attribution.Attribute(OperationKind.Subscribe, [Ann, twin, Bob], new ListAnswer(1, 2, [new(FailureList.InvalidEmails, Ann.Email!)]));
        Assert.Equal([Outcome.Failed, Outcome.Failed, Outcome.Subscribed], verdict.Results.Select(r => r.Outcome));
    }

    [Fact]
    public void An_identifier_of_two_operations_is_not_trusted_when_one_failed()
    {
        Identity twin = new(Ann.Email, "other");
        var verdict = Attribution.Attribute(OperationKind.Subscribe, [Ann, twin, Bob], new ListAnswer(2, 1, [new(FailureList.InvalidEmails, Ann.Email!)]));
        Assert.Equal([0, 1], verdict.Suspects);
        Assert.Equal([2], verdict.Unnamed);
    }

    [Fact]
    public void A_conflict_that_names_the_other_party_too_convicts_nobody()
    {
        // Ann took Bob's address; Iterable lists the address and the userId of its owner, who is a row of the same batch.
        Identity ann = new(Bob.Email, "ann");
        Identity bob = new("bob-new@example.com", "bob");
        var verdict = Attribution.Attribute(OperationKind.Subscribe, [ann, bob, Cid], new ListAnswer(2, 1, [new(FailureList.ConflictEmails, Bob.Email!), new(FailureList.ConflictUserIds, "bob")]));
        Assert.Equal([0, 1], verdict.Suspects);
        Assert.Equal([2], verdict.Unnamed);
    }

    [Theory]
    [InlineData(1, 0, null, "Subscribed", false)]
    [InlineData(0, 1, "ConflictUserIds", "Failed", false)]
    [InlineData(1, 0, "ConflictUserIds", "Failed", true)]
    [InlineData(0, 1, null, "Failed", true)]
    [InlineData(0, 0, null, "Failed", true)]
    [InlineData(2, 0, null, "Failed", true)]
    public void A_single_operation_takes_what_its_answer_names_whatever_the_identifier(int success, int fail, string? list, string outcome, bool mayBeApplied)
    {
        NamedFailure[] named = list is null ? [] : [new(Enum.Parse<FailureList>(list), "somebody else")];
        var result = Attribution.Attribute(OperationKind.Subscribe, [Ann], new ListAnswer(success, fail, named)).Results[0];
        Assert.Equal((outcome, mayBeApplied), (result.Outcome.ToString(), result.MayBeApplied));
        Assert.Equal(outcome == "Failed" && list is null ? Reason.Unattributed : list is null ? Reason.None : Reason.IdentityConflict, result.Reason);
    }

    [Fact]
    public void An_honest_answer_is_attributed_exactly_and_no_answer_blames_the_wrong_one()
    {
        var people = Gen.Int[0, 11].Array[1, 12].Select(ids => ids.Distinct().Select(i => new Identity(i % 3 == 0 ? null : $"p{i}@example.com", i % 3 == 1 ? null : $"u{i}")).ToArray());
        Gen.Select(people, Gen.Int[0, 10].Array[12], Gen.Bool.Array[12], Gen.Int[0, 3]).Sample((subscribers, fates, upper, hidden) =>
        {
            // the truth: fate 10 succeeds, others are on that list; the last `hidden` failures are counted but not listed
            var lists = subscribers.Select((s, i) => fates[i] == 10 ? (FailureList?)null : (FailureList)(s.Email is null ? fates[i] | 1 : s.UserId is null ? fates[i] & ~1 : fates[i])).ToArray();
            var failed = Enumerable.Range(0, lists.Length).Where(i => lists[i] is not null).ToList();
            var shown = failed.Take(Math.Max(0, failed.Count - hidden))
                .Select(i => new NamedFailure(lists[i]!.Value, new NamedFailure(lists[i]!.Value, "").IsEmail ? upper[i] ? subscribers[i].Email!.ToUpperInvariant() : subscribers[i].Email! : subscribers[i].UserId!)).ToList();
            var verdict = Attribution.Attribute(OperationKind.Subscribe, subscribers, new ListAnswer(subscribers.Length - failed.Count, failed.Count, shown));
            Assert.Equal(shown.Count == failed.Count || subscribers.Length == 1, verdict.IsComplete);
            for (var i = 0; i < subscribers.Length; i++)
            {
                var result = verdict.Results[i];
                var truth = lists[i] is { } list ? Attribution.Failed(OperationKind.Subscribe, list, 200, false) : Attribution.Succeeded(OperationKind.Subscribe, 200);
                Assert.True(result == truth || result.Outcome == Outcome.Pending || result.Reason == Reason.Unattributed, $"{result} for {truth}");
                Assert.Equal(result.Outcome == Outcome.Pending, verdict.Suspects.Contains(i) || verdict.Unnamed.Contains(i));
            }
        });
    }
}
