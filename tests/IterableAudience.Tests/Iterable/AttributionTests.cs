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
    [InlineData("NotFoundEmails", "Failed", "UserNotFound", "Unsubscribed", "WasNotMember")]
    [InlineData("NotFoundUserIds", "Failed", "UserNotFound", "Unsubscribed", "WasNotMember")]
    [InlineData("ForgottenEmails", "Forgotten", "UserForgotten", "Unsubscribed", "UserForgotten")]
    [InlineData("ForgottenUserIds", "Forgotten", "UserForgotten", "Unsubscribed", "UserForgotten")]
    public void Each_failure_list_but_conflicts_has_its_outcome(string name, string onSubscribe, string reasonOnSubscribe, string onUnsubscribe, string reasonOnUnsubscribe)
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

    [Theory]
    [InlineData("ConflictEmails", "BOB@example.com")]
    [InlineData("ConflictUserIds", "bob")]
    public void A_conflict_makes_a_suspect_of_whom_it_names_and_leaves_the_others_open(string list, string identifier)
    {
        var verdict = Attribution.Attribute(OperationKind.Subscribe, [Ann, Bob, Cid], new ListAnswer(2, 1, [new(Enum.Parse<FailureList>(list), identifier)]));
        Assert.All(verdict.Results, r => Assert.Equal(Outcome.Pending, r.Outcome));
        Assert.Equal([1], verdict.Suspects);
        Assert.Equal([0, 2], verdict.Unnamed);
        Assert.Equal((true, false), (verdict.AddsUp, verdict.HaveAllFailed));
    }

    [Fact]
    public void Others_that_have_certainly_failed_are_no_part_of_the_suspicion()
    {
        var verdict = Attribution.Attribute(
            OperationKind.Subscribe, [Ann, Bob, Cid], new ListAnswer(1, 2, [new(FailureList.ConflictUserIds, "bob"), new(FailureList.InvalidEmails, Cid.Email!)]));
        Assert.Equal([Outcome.Pending, Outcome.Pending, Outcome.Failed], verdict.Results.Select(r => r.Outcome));
        Assert.Equal((1, 0, true), (Assert.Single(verdict.Suspects), Assert.Single(verdict.Unnamed), verdict.AddsUp));
    }

    [Fact]
    public void When_everybody_has_failed_a_conflict_is_certain()
    {
        // Ann and Bob want each other's address, and each answer lists the other.
        var verdict = Attribution.Attribute(
            OperationKind.Subscribe, [Ann, Bob, Cid],
            new ListAnswer(0, 3, [new(FailureList.ConflictUserIds, "bob"), new(FailureList.ConflictUserIds, "ann"), new(FailureList.InvalidDataEmails, Cid.Email!)]));
        Assert.Equal((true, true), (verdict.IsComplete, verdict.HaveAllFailed));
        Assert.Equal([Reason.IdentityConflict, Reason.IdentityConflict, Reason.InvalidData], verdict.Results.Select(r => r.Reason));
        Assert.All(verdict.Results, r => Assert.Equal((Outcome.Failed, false), (r.Outcome, r.MayBeApplied)));
    }

    [Theory]
    [InlineData("names all, and one has succeeded", 1, 2, "ann bob cid")]
    [InlineData("names all, and counts too few", 0, 2, "ann bob cid")]
    [InlineData("all have failed, and one is not named", 0, 3, "ann bob")]
    public void A_conflict_is_certain_only_if_the_counts_agree(string story, int succeeded, int failed, string names)
    {
        Identity cid = new(null, "cid");
        var verdict = Attribution.Attribute(
            OperationKind.Subscribe, [Ann, Bob, cid], new ListAnswer(succeeded, failed, [.. names.Split(' ').Select(n => new NamedFailure(FailureList.ConflictUserIds, n))]));
        Assert.True(verdict is { IsComplete: false, AddsUp: false, HaveAllFailed: false }, story);
        Assert.All(verdict.Results, r => Assert.Equal(Outcome.Pending, r.Outcome));
    }

    [Theory]
    [InlineData(0, 1, "ConflictUserIds", true)]
    [InlineData(0, 1, "NotFoundEmails", true)]
    [InlineData(0, 1, null, false)]
    [InlineData(0, 2, "ConflictUserIds", false)]
    [InlineData(1, 0, "ConflictUserIds", false)]
    [InlineData(1, 0, null, false)]
    public void A_single_operation_has_certainly_failed_if_it_is_counted_and_a_reason_is_named(int success, int fail, string? list, bool certain)
    {
        NamedFailure[] named = list is null ? [] : [new(Enum.Parse<FailureList>(list), "somebody else")];
        Assert.Equal(certain, Attribution.Attribute(OperationKind.Subscribe, [Ann], new ListAnswer(success, fail, named)).HaveAllFailed);
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

    // Ann and her twin have the e-mail in common. "open" is what the answer alone can't tell.
    [Theory]
    [InlineData("both failed, or one of them and somebody unnamed", 2, "InvalidEmails:ann@example.com", "open open open")]
    [InlineData("one of them failed", 1, "InvalidEmails:ann@example.com", "open open open")]
    [InlineData("Ann failed", 1, "NotFoundEmails:ann@example.com NotFoundUserIds:ann", "Failed open open")]
    [InlineData("Ann failed, and the twin or somebody unnamed", 2, "NotFoundEmails:ann@example.com NotFoundUserIds:ann", "Failed open open")]
    [InlineData("both failed", 2, "NotFoundUserIds:ann NotFoundUserIds:twin", "Failed Failed Subscribed")]
    [InlineData("both failed", 2, "NotFoundEmails:ann@example.com NotFoundUserIds:ann NotFoundUserIds:twin", "Failed Failed Subscribed")]
    [InlineData("more are named than failed: Bob may be the other party of a conflict", 1, "ConflictEmails:ann@example.com ConflictUserIds:bob", "open open open")]
    [InlineData("two of them failed, or Bob only stood in the way", 2, "ConflictEmails:ann@example.com ConflictUserIds:bob", "open open open")]
    [InlineData("Bob failed, and one or both of the others", 2, "ConflictEmails:ann@example.com InvalidDataUserIds:bob", "open open Failed")]
    public void A_name_of_two_operations_tells_nothing_about_either(string story, int failed, string names, string wanted)
    {
        Identity twin = new(Ann.Email, "twin");
        var failures = names.Split(' ').Select(n => n.Split(':')).Select(n => new NamedFailure(Enum.Parse<FailureList>(n[0]), n[1])).ToList();
        var verdict = Attribution.Attribute(OperationKind.Subscribe, [Ann, twin, Bob], new ListAnswer(3 - failed, failed, failures));
        Assert.True(wanted == string.Join(' ', verdict.Results.Select(r => r.Outcome == Outcome.Pending ? "open" : r.Outcome.ToString())), story);
        Assert.Equal(wanted.Contains("open", StringComparison.Ordinal), !verdict.IsComplete);
    }

    [Fact]
    public void Operations_that_share_a_name_are_told_from_those_that_nobody_names()
    {
        Identity twin = new(Ann.Email, "twin");
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
            var doubtful = shown.Exists(s => s.List is FailureList.ConflictEmails or FailureList.ConflictUserIds) && failed.Count < subscribers.Length;
            Assert.Equal((shown.Count == failed.Count && !doubtful) || subscribers.Length == 1, verdict.IsComplete);
            Assert.Equal(shown.Count == failed.Count || subscribers.Length == 1, verdict.AddsUp);
            for (var i = 0; i < subscribers.Length; i++)
            {
                var result = verdict.Results[i];
                var truth = lists[i] is { } list ? Attribution.Failed(OperationKind.Subscribe, list, 200, false) : Attribution.Succeeded(OperationKind.Subscribe, 200);
                Assert.True(result == truth || result.Outcome == Outcome.Pending || result.Reason == Reason.Unattributed, $"{result} for {truth}");
                Assert.Equal(result.Outcome == Outcome.Pending, verdict.Suspects.Contains(i) || verdict.Unnamed.Contains(i));
            }
        });
    }

    [Fact]
    public void No_answer_to_people_who_share_emails_gives_anybody_a_wrong_outcome()
    {
        // The truth of each: 10 succeeds, others are on that list by one of their identifiers, or are counted and not listed.
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, 14], Gen.Int[0, 5]).Array[2, 10].Sample(
            rolls =>
            {
                var subscribers = rolls.Select((r, i) => new Identity(r.Item1 == 0 ? null : $"shared{r.Item1}@example.com", $"u{i}")).ToArray();
                var lists = rolls.Select((r, i) => r.Item2 >= 10 ? (FailureList?)null : (FailureList)(subscribers[i].Email is null ? r.Item2 | 1 : r.Item2)).ToArray();
                var failed = lists.Count(l => l is not null);
                var shown = Enumerable.Range(0, rolls.Length).Where(i => lists[i] is not null && rolls[i].Item3 != 0)
                    .Select(i => new NamedFailure(lists[i]!.Value, new NamedFailure(lists[i]!.Value, "").IsEmail ? subscribers[i].Email! : subscribers[i].UserId!)).ToHashSet();
                var verdict = Attribution.Attribute(OperationKind.Subscribe, subscribers, new ListAnswer(rolls.Length - failed, failed, shown));
                for (var i = 0; i < rolls.Length; i++)
                {
                    var truth = lists[i] is { } list ? Attribution.Failed(OperationKind.Subscribe, list, 200, false) : Attribution.Succeeded(OperationKind.Subscribe, 200);
                    Assert.True(verdict.Results[i] == truth || verdict.Results[i].Outcome == Outcome.Pending, $"{verdict.Results[i]} for {truth}");
                }

                // Nobody is asked about again because of people who share nothing that is listed.
                var shared = subscribers.Where(s => s.Email is not null).GroupBy(s => s.Email).Where(g => g.Count() > 1).Select(g => g.Key).ToHashSet();
                Assert.True(shown.Count < failed || shown.Any(s => shared.Contains(s.Identifier)) || verdict.AddsUp);
            },
            iter: 5000);
    }
}
