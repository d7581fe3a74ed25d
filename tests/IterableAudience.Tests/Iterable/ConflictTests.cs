using CsCheck;
using IterableAudience.Iterable;
using IterableAudience.Records;
using IterableAudience.Tests.Plan;
using Xunit;

namespace IterableAudience.Tests.Iterable;

/// <summary>A conflict lists the existing identifier that stood in the way. Whose that is, only a second look tells.</summary>
public sealed class ConflictTests
{
    private static readonly Identity Ann = new("b@example.com", "ann");
    private static readonly Identity Bob = new("b2@example.com", "bob");
    private static readonly Identity Cid = new("cid@example.com", "cid");
    private static readonly Identity Dan = new("dan@example.com", "dan");

    private static CancellationToken Timeout => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Named_ones_that_fail_again_are_confirmed_with_one_small_request()
    {
        using var iterable = new FakeIterable();
        iterable.Answer(sent => Conflicts(sent, "user-3", "user-500"));
        var batch = iterable.Batch(FakeIterable.People(1000));
        var result = await iterable.SendAsync(batch, Timeout);
        Assert.Equal([1000, 2], Sizes(iterable));
        Assert.Equal((BatchEnd.Answered, 1, 1), (result.End, result.Attempts, batch.Isolation.Used));
        Assert.Equal([2, 499], Enumerable.Range(0, 1000).Where(i => result.Results[i].Outcome != Outcome.Subscribed));
        Assert.All([result.Results[2], result.Results[499]], r => Assert.Equal((Outcome.Failed, Reason.IdentityConflict, false), (r.Outcome, r.Reason, r.MayBeApplied)));
        Assert.All(result.Results.Where(r => r.Outcome == Outcome.Subscribed), r => Assert.Equal((Reason.None, 200, false), (r.Reason, r.HttpStatus, r.MayBeApplied)));
    }

    [Fact]
    public async Task A_named_one_that_succeeds_leaves_the_others_open_until_they_are_asked_for_again()
    {
        using var iterable = new FakeIterable();
        var list = Known(iterable, ("b@example.com", "bob"));
        var result = await iterable.SendAsync(iterable.Batch(Ann, Bob, Cid), Timeout);
        Assert.Equal([3, 1, 2], Sizes(iterable));
        Assert.All(result.Results, r => Assert.Equal((Outcome.Subscribed, Reason.None), (r.Outcome, r.Reason)));
        Assert.True(list.Find(Ann)!.IsMember);
    }

    [Fact]
    public async Task The_one_that_fails_is_found_though_another_one_is_named()
    {
        using var iterable = new FakeIterable();
        Known(iterable, ("b@example.com", "bob"));
        var result = await iterable.SendAsync(iterable.Batch(Ann, new Identity(null, "bob"), Cid), Timeout);
        Assert.Equal([Reason.IdentityConflict, Reason.None, Reason.None], result.Results.Select(r => r.Reason));
    }

    [Fact]
    public async Task A_second_answer_that_names_some_of_them_is_no_proof_either()
    {
        using var iterable = new FakeIterable();
        // ann wants bob's address, bob wants cid's, cid wants dan's, and dan moves on: each names the next, and no pass but the last proves anything.
        var list = Known(iterable, ("b@example.com", "bob"), ("c@example.com", "cid"), ("d@example.com", "dan"));
        Identity[] people = [Ann, new("c@example.com", "bob"), new("d@example.com", "cid"), Dan];
        var result = await iterable.SendAsync(iterable.Batch(people), Timeout);
        Assert.All(result.Results, r => Assert.Equal(Outcome.Subscribed, r.Outcome));
        Assert.Equal([4, 3, 1, 3, 1, 2], Sizes(iterable));
        Assert.All(people, p => Assert.Equal((p.Email, true), (list.Find(p)!.Email, list.Find(p)!.IsMember)));
    }

    [Theory]
    [InlineData(1, 20)]
    [InlineData(2, 36)]
    [InlineData(4, 64)]
    public async Task Conflicts_that_stay_and_name_rows_of_the_batch_are_found_in_halves(int count, int most)
    {
        using var iterable = new FakeIterable();
        var owners = Enumerable.Range(0, count).Select(i => ($"owned{i}@example.com", $"owner{i}")).ToArray();
        Known(iterable, owners);
        Identity[] people =
        [
            .. Enumerable.Range(0, count).SelectMany(i => FakeIterable.People(1000)[(i * 1000 / count)..(((i + 1) * 1000 / count) - 2)]
                .Append(new Identity($"owned{i}@example.com", $"taker{i}")).Append(new Identity(null, $"owner{i}"))),
        ];
        var batch = iterable.Batch(people) with { Isolation = new IsolationBudget(1000) };
        var result = await iterable.SendAsync(batch, Timeout);
        Assert.Equal(people.Select(p => p.UserId!.StartsWith("taker", StringComparison.Ordinal)), result.Results.Select(r => r.Reason == Reason.IdentityConflict));
        Assert.InRange(batch.Isolation.Used, 3, most);
    }

    [Theory]
    [InlineData("names everybody", 0, 3, "ann bob cid")]
    [InlineData("names everybody, some for another reason", 0, 3, "ann bob !cid")]
    public async Task When_all_of_a_request_have_failed_nothing_is_asked_again(string story, int succeeded, int failed, string names)
    {
        using var iterable = new FakeIterable();
        iterable.Answer(Answer(succeeded, failed, names));
        var batch = iterable.Batch(Ann, Bob, Cid);
        var result = await iterable.SendAsync(batch, Timeout);
        Assert.True(iterable.Requests.Count == 1, story);
        Assert.Equal(0, batch.Isolation.Used);
        Assert.All(result.Results, r => Assert.Equal((Outcome.Failed, false), (r.Outcome, r.MayBeApplied)));
    }

    [Fact]
    public async Task Failures_of_other_lists_need_no_second_look()
    {
        using var iterable = new FakeIterable();
        iterable.Answer(Answer(2, 2, "!ann !bob"));
        var result = await iterable.SendAsync(iterable.Batch(Ann, Bob, Cid, Dan), Timeout);
        Assert.Equal([Reason.InvalidData, Reason.InvalidData, Reason.None, Reason.None], result.Results.Select(r => r.Reason));
        Assert.Single(iterable.Requests);
    }

    [Theory]
    [InlineData("counts nobody", 0, 0, "")]
    [InlineData("counts a success too many", 2, 0, "")]
    [InlineData("fails it without a name", 0, 1, "")]
    [InlineData("names it and counts a success", 1, 0, "bob")]
    public async Task A_second_answer_that_proves_nothing_leaves_the_others_open(string story, int succeeded, int failed, string names)
    {
        using var iterable = new FakeIterable();
        iterable.Answer(Answer(2, 1, "bob"), Answer(succeeded, failed, names), Answer(2, 0, ""));
        var result = await iterable.SendAsync(iterable.Batch(Ann, Bob, Cid), Timeout);
        Assert.True(iterable.Requests.Count == 3, story);
        Assert.Equal(["ann", "cid"], iterable.Requests[2].Subscribers.Select(s => s.UserId));
        Assert.Equal([Outcome.Subscribed, Outcome.Failed, Outcome.Subscribed], result.Results.Select(r => r.Outcome));
    }

    [Fact]
    public async Task A_second_look_that_is_refused_leaves_the_others_open()
    {
        using var iterable = new FakeIterable();
        iterable.Answer(Answer(2, 2, "bob cid"), Reply.Error(400, "BadParams"), Answer(1, 0, ""), Answer(0, 1, "cid"), Answer(2, 0, ""));
        var result = await iterable.SendAsync(iterable.Batch(Ann, Bob, Cid, Dan), Timeout);
        Assert.Equal([4, 2, 1, 1, 2], Sizes(iterable));
        Assert.Equal([Reason.None, Reason.None, Reason.IdentityConflict, Reason.None], result.Results.Select(r => r.Reason));
    }

    [Fact]
    public async Task Without_budget_for_the_second_look_nobody_counts_as_done()
    {
        using var iterable = new FakeIterable();
        iterable.Answer(Answer(1, 2, "bob !cid"));
        var result = await iterable.SendAsync(iterable.Batch(Ann, Bob, Cid) with { Isolation = new IsolationBudget(0) }, Timeout);
        Assert.Equal([(Reason.Unattributed, true), (Reason.Unattributed, true), (Reason.InvalidData, false)], result.Results.Select(r => (r.Reason, r.MayBeApplied)));
    }

    [Fact]
    public async Task Without_budget_for_those_that_are_open_again_they_do_not_count_as_done()
    {
        using var iterable = new FakeIterable();
        iterable.Answer(Answer(2, 1, "bob"), Answer(1, 0, ""));
        var result = await iterable.SendAsync(iterable.Batch(Ann, Bob, Cid) with { Isolation = new IsolationBudget(1) }, Timeout);
        Assert.Equal([(Reason.Unattributed, true), (Reason.None, false), (Reason.Unattributed, true)], result.Results.Select(r => (r.Reason, r.MayBeApplied)));
    }

    [Theory]
    [InlineData(503, "GaveUp", "Failed")]
    [InlineData(401, "Abort", "NotSent")]
    public async Task A_second_look_that_fails_leaves_everybody_in_doubt(int status, string end, string outcome)
    {
        using var iterable = new FakeIterable(settings: ("MaxAttempts", "2"));
        iterable.Answer(Answer(2, 1, "bob"), Reply.Error(status, "Nothing"));
        var result = await iterable.SendAsync(iterable.Batch(Ann, Bob, Cid), Timeout);
        Assert.Equal(end, result.End.ToString());
        Assert.All(result.Results, r => Assert.Equal((outcome, true), (r.Outcome.ToString(), r.MayBeApplied)));
    }

    [Fact]
    public async Task A_stop_before_the_second_look_leaves_everybody_in_doubt()
    {
        using var stop = new CancellationTokenSource();
        using var iterable = new FakeIterable();
        iterable.AnswerLater(async _ =>
        {
            await stop.CancelAsync();
            return Answer(2, 1, "bob");
        });
        var result = await iterable.SendAsync(iterable.Batch(Ann, Bob, Cid), stop.Token);
        Assert.Equal(BatchEnd.Stopped, result.End);
        Assert.Single(iterable.Requests);
        Assert.All(result.Results, r => Assert.Equal((Outcome.NotSent, true), (r.Outcome, r.MayBeApplied)));
    }

    [Fact]
    public async Task Whoever_wants_whose_email_and_whoever_is_named_nobody_gets_a_wrong_outcome()
    {
        using var iterable = new FakeIterable();
        await Gen.Select(Gen.Bool, Gen.Int[0, 11].Array[0, 12], Gen.Int[0, 11].Array[1, 12]).SampleAsync(
            async (namesBlocker, before, now) =>
            {
                var list = new ModelList { NamesBlocker = namesBlocker };
                foreach (var (email, i) in before.Select((e, i) => (e, i)))
                {
                    list.AddStranger(new Identity($"e{email}@example.com", $"u{i}"));
                }

                HashSet<Identity> accepted = [];
                iterable.Answer(sent => Modelled(list, sent, accepted));
                var people = now.Select((e, i) => new Identity(e == 11 ? null : $"e{e}@example.com", $"u{i}")).ToArray();
                var result = await iterable.SendAsync(iterable.Batch(people) with { Isolation = new IsolationBudget(1000) }, Timeout);
                Assert.Equal(people.Select(accepted.Contains), result.Results.Select(r => r.Outcome == Outcome.Subscribed));
                Assert.All(result.Results, r => Assert.True(r.Outcome == Outcome.Subscribed || r.Reason == Reason.IdentityConflict));
            },
            iter: 200,
            threads: 1);
    }

    private static IEnumerable<int> Sizes(FakeIterable iterable) => iterable.Requests.Select(r => r.Subscribers.Count);

    /// <summary>An Iterable that knows users and lists the userId of the one who stood in the way.</summary>
    private static ModelList Known(FakeIterable iterable, params (string Email, string UserId)[] users)
    {
        var list = new ModelList { NamesBlocker = true };
        foreach (var (email, userId) in users)
        {
            list.AddStranger(new Identity(email, userId));
        }

        iterable.Answer(sent => Modelled(list, sent, []));
        return list;
    }

    private static Reply Modelled(ModelList list, Sent sent, HashSet<Identity> accepted)
    {
        var failures = sent.Subscribers.Select(s => (Person: s, Failure: list.Apply(sent.Kind, s))).ToList();
        accepted.UnionWith(failures.Where(f => f.Failure is null).Select(f => f.Person));
        var lists = failures.Select(f => f.Failure).OfType<ModelFailure>().GroupBy(f => f.List)
            .Select(g => $"\"{g.Key}\":[{string.Join(',', g.Select(f => $"\"{f.Identifier}\"").Distinct())}]");
        var failed = failures.Count(f => f.Failure is not null);
        return Reply.Counts(failures.Count - failed, failed, $$""","failedUpdates":{{{string.Join(',', lists)}}}""");
    }

    private static Reply Conflicts(Sent sent, params string[] userIds)
    {
        var failed = sent.Subscribers.Select(s => s.UserId!).Where(userIds.Contains).ToList();
        return Answer(sent.Subscribers.Count - failed.Count, failed.Count, string.Join(' ', failed));
    }

    /// <summary>Names in <c>conflictUserIds</c>, or with an exclamation mark in <c>invalidDataUserIds</c>.</summary>
    private static Reply Answer(int succeeded, int failed, string names)
    {
        var all = names.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        static string List(IEnumerable<string> names) => string.Join(',', names.Select(n => $"\"{n}\""));
        return Reply.Counts(succeeded, failed, $$"""
            ,"failedUpdates":{"conflictUserIds":[{{List(all.Where(n => n[0] != '!'))}}],"invalidDataUserIds":[{{List(all.Where(n => n[0] == '!').Select(n => n[1..]))}}]}
            """);
    }
}
