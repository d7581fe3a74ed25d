using CsCheck;
using IterableAudience.Iterable;
using IterableAudience.Records;
using Xunit;

namespace IterableAudience.Tests.Iterable;

public sealed class IsolationTests
{
    private static CancellationToken Timeout => TestContext.Current.CancellationToken;

    [Fact]
    public async Task One_bad_row_of_a_thousand_is_found_with_few_requests()
    {
        using var iterable = new FakeIterable();
        var bad = FakeIterable.Person(617);
        iterable.Answer(sent => sent.Subscribers.Contains(bad) ? Reply.Error(400, "InvalidEmailAddressError", "Invalid email: x") : Reply.Counts(sent.Subscribers.Count, 0));
        var batch = iterable.Batch(FakeIterable.People(1000));
        var result = await iterable.SendAsync(batch, Timeout);
        Assert.Equal((BatchEnd.Answered, 1), (result.End, result.Attempts));
        Assert.Equal([616], Enumerable.Range(0, 1000).Where(i => result.Results[i].Outcome != Outcome.Subscribed));
        Assert.Equal((Reason.IterableInvalidEmail, 400), (result.Results[616].Reason, result.Results[616].HttpStatus));
        Assert.InRange(iterable.Requests.Count, 3, 21);
        Assert.Equal(iterable.Requests.Count - 1, batch.Isolation.Used);
        Assert.Equal(iterable.Requests.Count - 1, iterable.Log.Count(l => l.Isolation));
    }

    [Fact]
    public async Task A_refusal_that_names_its_row_is_believed_after_one_look()
    {
        using var iterable = new FakeIterable();
        var bad = FakeIterable.Person(5);
        iterable.Answer(sent => sent.Subscribers.Contains(bad)
            ? Reply.Error(400, "BadJsonBody", "", $$"""{"obj.subscribers[{{sent.Subscribers.ToList().IndexOf(bad)}}].email":"x"}""")
            : Reply.Counts(sent.Subscribers.Count, 0));
        var result = await iterable.SendAsync(iterable.Batch(FakeIterable.People(1000)), Timeout);
        Assert.Equal(Reason.RefusedByIterable, result.Results[4].Reason);
        Assert.Equal(999, result.Results.Count(r => r.Outcome == Outcome.Subscribed));
        Assert.Equal(3, iterable.Requests.Count);
    }

    [Theory]
    [InlineData("InvalidEmailAddressError", "", "Failed", "IterableInvalidEmail", "Failed")]
    [InlineData("InvalidUserIdError", "", "Failed", "IterableInvalidUserId", "Failed")]
    [InlineData("UnknownUserIdError", "", "Failed", "UserNotFound", "Unsubscribed")]
    [InlineData("UnknownEmailError", "", "Failed", "UserNotFound", "Unsubscribed")]
    [InlineData("GenericError", "User does not exist. Email:  UserId: rudder2", "Failed", "UserNotFound", "Unsubscribed")]
    [InlineData("BadParams", "error.users.noUserWithIdExists", "Failed", "UserNotFound", "Unsubscribed")]
    [InlineData("ForgottenUserError", "", "Forgotten", "UserForgotten", "Unsubscribed")]
    [InlineData("EmailAlreadyExists", "", "Failed", "IdentityConflict", "Failed")]
    [InlineData("UserIdAlreadyExists", "", "Failed", "IdentityConflict", "Failed")]
    [InlineData("BadParams", "Either email or userId must be set", "Failed", "RefusedByIterable", "Failed")]
    [InlineData("Success", "", "Failed", "RefusedByIterable", "Failed")]
    [InlineData("GenericError", "", "Failed", "RefusedByIterable", "Failed")]
    [InlineData("RequestFieldsTypesMismatched", "", "Failed", "RefusedByIterable", "Failed")]
    [InlineData("InvalidJwtPayload", "", "Failed", "RefusedByIterable", "Failed")]
    [InlineData("JwtUserIdentifiersMismatched", "", "Failed", "RefusedByIterable", "Failed")]
    [InlineData("QueueEmailError", "", "Failed", "RefusedByIterable", "Failed")]
    [InlineData("UniqueFieldsLimitExceeded", "", "Failed", "RefusedByIterable", "Failed")]
    public async Task A_row_refused_alone_has_the_reason_of_its_code(string code, string message, string onSubscribe, string reason, string onUnsubscribe)
    {
        using var iterable = new FakeIterable();
        iterable.Answer(sent => sent.Subscribers.Any(s => s.UserId == "bad") ? Reply.Error(400, code, message) : Reply.Counts(sent.Subscribers.Count, 0));
        foreach (var (kind, outcome) in new[] { (OperationKind.Subscribe, onSubscribe), (OperationKind.Unsubscribe, onUnsubscribe) })
        {
            var result = await iterable.SendAsync(iterable.Batch(new(null, "a"), new(null, "b"), new(null, "bad")) with { Kind = kind }, Timeout);
            Assert.Equal((outcome, false), (result.Results[2].Outcome.ToString(), result.Results[2].MayBeApplied));
            Assert.Equal(kind == OperationKind.Subscribe ? reason : outcome == "Unsubscribed" && reason == "UserNotFound" ? "WasNotMember" : reason, result.Results[2].Reason.ToString());
            Assert.All(result.Results[..2], r => Assert.Equal(Reason.None, r.Reason));
        }
    }

    [Fact]
    public async Task A_409_is_about_a_row()
    {
        using var iterable = new FakeIterable();
        iterable.Answer(sent => sent.Subscribers.Any(s => s.UserId == "bad") ? Reply.Error(409, "ForgottenUserError") : Reply.Counts(sent.Subscribers.Count, 0));
        var result = await iterable.SendAsync(iterable.Batch(new(null, "bad"), new(null, "b")), Timeout);
        Assert.Equal([Outcome.Forgotten, Outcome.Subscribed], result.Results.Select(r => r.Outcome));
    }

    [Theory]
    [InlineData(413, "")]
    [InlineData(400, "BatchTooLarge")]
    public async Task A_batch_that_is_too_large_is_halved_and_nobody_is_to_blame(int status, string code)
    {
        using var iterable = new FakeIterable();
        iterable.Answer(sent => sent.Subscribers.Count > 250 ? Reply.Error(status, code) : Reply.Counts(sent.Subscribers.Count, 0));
        var result = await iterable.SendAsync(iterable.Batch(FakeIterable.People(1000)), Timeout);
        Assert.All(result.Results, r => Assert.Equal(Outcome.Subscribed, r.Outcome));
        Assert.InRange(iterable.Requests.Count, 7, 8);
    }

    [Fact]
    public async Task A_refusal_of_the_list_id_blames_everybody_at_once()
    {
        using var iterable = new FakeIterable();
        iterable.Answer(Reply.Error(400, "BadJsonBody", "", """{"obj.listId":["error.expected.jsnumber"]}"""));
        var result = await iterable.SendAsync(iterable.Batch(FakeIterable.People(1000)), Timeout);
        Assert.Equal(BatchEnd.Answered, result.End);
        Assert.All(result.Results, r => Assert.Equal((Outcome.Failed, Reason.RefusedByIterable), (r.Outcome, r.Reason)));
        Assert.Single(iterable.Requests);
    }

    [Fact]
    public async Task A_body_that_is_refused_whoever_is_in_it_costs_four_requests()
    {
        using var iterable = new FakeIterable();
        iterable.Answer(new Reply(400, "Bad Request", "text/plain"));
        var result = await iterable.SendAsync(iterable.Batch(FakeIterable.People(1000)), Timeout);
        Assert.All(result.Results, r => Assert.Equal((Outcome.Failed, Reason.RefusedByIterable), (r.Outcome, r.Reason)));
        Assert.Equal([1000, 500, 500, 0], iterable.Requests.Select(r => r.Subscribers.Count));
    }

    [Fact]
    public async Task A_used_up_budget_leaves_what_is_open_unattributed_and_says_so()
    {
        using var iterable = new FakeIterable();
        var bad = FakeIterable.Person(1);
        iterable.Answer(sent => sent.Subscribers.Contains(bad) ? Reply.Error(400, "BadParams") : Reply.Counts(sent.Subscribers.Count, 0));
        var result = await iterable.SendAsync(iterable.Batch(FakeIterable.People(64)) with { Isolation = new IsolationBudget(4) }, Timeout);
        Assert.Equal((BatchEnd.Answered, 5), (result.End, iterable.Requests.Count));
        Assert.Equal(16, result.Results.Count(r => r.Reason == Reason.Unattributed && r.Detail!.Contains("budget", StringComparison.Ordinal)));
        Assert.Equal(48, result.Results.Count(r => r.Outcome == Outcome.Subscribed));
    }

    [Fact]
    public async Task A_failure_that_is_counted_and_never_named_ends_as_unattributed()
    {
        using var iterable = new FakeIterable();
        var bad = FakeIterable.Person(77);
        iterable.Answer(sent => sent.Subscribers.Contains(bad) ? Reply.Counts(sent.Subscribers.Count - 1, 1) : Reply.Counts(sent.Subscribers.Count, 0));
        var result = await iterable.SendAsync(iterable.Batch(FakeIterable.People(100)), Timeout);
        Assert.Equal((Outcome.Failed, Reason.Unattributed, true), (result.Results[76].Outcome, result.Results[76].Reason, result.Results[76].MayBeApplied));
        Assert.Equal(99, result.Results.Count(r => r.Outcome == Outcome.Subscribed));
        Assert.InRange(iterable.Requests.Count, 3, 15);
    }

    [Fact]
    public async Task A_conflict_that_names_somebody_outside_the_batch_is_found_all_the_same()
    {
        using var iterable = new FakeIterable();
        var bad = FakeIterable.Person(3);
        iterable.Answer(sent => sent.Subscribers.Contains(bad)
            ? Reply.Counts(sent.Subscribers.Count - 1, 1, ""","failedUpdates":{"conflictUserIds":["a stranger"]}""")
            : Reply.Counts(sent.Subscribers.Count, 0));
        var result = await iterable.SendAsync(iterable.Batch(FakeIterable.People(8)), Timeout);
        Assert.Equal(Reason.IdentityConflict, result.Results[2].Reason);
        Assert.Equal(7, result.Results.Count(r => r.Outcome == Outcome.Subscribed));
    }

    [Fact]
    public async Task People_who_share_an_email_are_told_apart_with_three_requests_however_many_they_are()
    {
        using var iterable = new FakeIterable();
        // Fifty e-mails of two people each; Iterable knows the second owner of each, and lists the e-mail.
        var pairs = Enumerable.Range(0, 50).SelectMany(i => new[] { new Identity($"shared{i}@example.com", $"a{i}"), new Identity($"shared{i}@example.com", $"b{i}") }).ToArray();
        iterable.Answer(sent => Listed(sent, s => s.UserId!.StartsWith('a')));
        var batch = iterable.Batch([.. FakeIterable.People(900), .. pairs]);
        var result = await iterable.SendAsync(batch, Timeout);
        Assert.All(result.Results[..900], r => Assert.Equal(Outcome.Subscribed, r.Outcome));
        Assert.All(pairs.Zip(result.Results[900..]), r => Assert.Equal(r.First.UserId!.StartsWith('a') ? Reason.IdentityConflict : Reason.None, r.Second.Reason));
        Assert.Equal([1000, 900, 50, 50], iterable.Requests.Select(r => r.Subscribers.Count));
        Assert.Equal(3, batch.Isolation.Used);
    }

    [Fact]
    public async Task A_quiet_failure_is_not_hidden_by_a_name_that_two_people_share()
    {
        using var iterable = new FakeIterable();
        // One of the two fails and is listed, as is somebody else who is not: two named, two failed, and it adds up.
        Identity[] people = [new("shared@example.com", "a"), new("shared@example.com", "b"), new("quiet@example.com", "c"), new("d@example.com", "d")];
        iterable.Answer(sent => Listed(sent, s => s.UserId == "a", quiet: s => s.UserId == "c"));
        var result = await iterable.SendAsync(iterable.Batch(people), Timeout);
        Assert.Equal([Reason.IdentityConflict, Reason.None, Reason.Unattributed, Reason.None], result.Results.Select(r => r.Reason));
    }

    [Fact]
    public async Task A_used_up_budget_never_makes_a_success_of_somebody_who_shares_a_name()
    {
        using var iterable = new FakeIterable();
        Identity[] people = [new("shared@example.com", "a"), new("shared@example.com", "b"), new("c@example.com", "c")];
        iterable.Answer(sent => Listed(sent, s => s.UserId is "a" or "b"));
        var result = await iterable.SendAsync(iterable.Batch(people) with { Isolation = new IsolationBudget(1) }, Timeout);
        Assert.Equal([Reason.Unattributed, Reason.Unattributed, Reason.None], result.Results.Select(r => r.Reason));
        Assert.All(result.Results[..2], r => Assert.True(r.MayBeApplied));
    }

    [Fact]
    public async Task A_part_that_is_never_answered_fails_without_the_rest()
    {
        using var iterable = new FakeIterable(settings: ("MaxAttempts", "2"));
        iterable.Answer(sent => sent.Subscribers.Count == 4 ? Reply.Error(400, "BadParams") : sent.Subscribers[0] == FakeIterable.Person(1) ? Reply.Counts(2, 0) : new Reply(503, ""));
        var result = await iterable.SendAsync(iterable.Batch(FakeIterable.People(4)), Timeout);
        Assert.Equal((BatchEnd.GaveUp, 1), (result.End, result.Attempts));
        Assert.Equal([Outcome.Subscribed, Outcome.Subscribed, Outcome.Failed, Outcome.Failed], result.Results.Select(r => r.Outcome));
    }

    [Fact]
    public async Task Every_row_gets_its_truth_whatever_is_refused_listed_or_kept_quiet()
    {
        using var iterable = new FakeIterable();
        Dictionary<Identity, int> fates = [];
        iterable.Answer(sent =>
        {
            if (sent.Subscribers.Any(s => fates[s] == 1))
            {
                return Reply.Error(400, "InvalidUserIdError");
            }

            var listed = sent.Subscribers.Where(s => fates[s] == 2).Select(s => $"\"{s.UserId}\"").ToList();
            var quiet = sent.Subscribers.Count(s => fates[s] == 3);
            return Reply.Counts(sent.Subscribers.Count - listed.Count - quiet, listed.Count + quiet, $$""","failedUpdates":{"notFoundUserIds":[{{string.Join(',', listed)}}]}""");
        });
        await Gen.Int[0, 20].Array[1, 40].SampleAsync(
            async rolls =>
            {
                var people = FakeIterable.People(rolls.Length);
                fates = people.Select((p, i) => (p, rolls[i])).ToDictionary();
                var result = await iterable.SendAsync(iterable.Batch(people) with { Isolation = new IsolationBudget(1000) }, Timeout);
                Assert.Equal(
                    rolls.Select(r => r switch { 1 => Reason.IterableInvalidUserId, 2 => Reason.UserNotFound, 3 => Reason.Unattributed, _ => Reason.None }),
                    result.Results.Select(r => r.Reason));
            },
            iter: 30,
            threads: 1);
    }

    [Fact]
    public async Task Every_row_gets_its_truth_whoever_shares_an_email()
    {
        using var iterable = new FakeIterable();
        Dictionary<Identity, int> fates = [];
        iterable.Answer(sent => Listed(sent, s => fates[s] < 3, quiet: s => fates[s] == 3));
        await Gen.Select(Gen.Int[0, 5], Gen.Int[0, 12]).Array[1, 24].SampleAsync(
            async rolls =>
            {
                var people = rolls.Select((r, i) => new Identity($"shared{r.Item1}@example.com", $"u{i}")).ToArray();
                fates = people.Zip(rolls, (p, r) => (p, r.Item2)).ToDictionary();
                var result = await iterable.SendAsync(iterable.Batch(people) with { Isolation = new IsolationBudget(1000) }, Timeout);
                Assert.Equal(
                    rolls.Select(r => r.Item2 switch { < 3 => Reason.IdentityConflict, 3 => Reason.Unattributed, _ => Reason.None }),
                    result.Results.Select(r => r.Reason));
            },
            iter: 30,
            threads: 1);
    }

    [Fact]
    public void The_budget_of_a_sync_is_twice_its_requests_and_at_least_64()
    {
        var budget = IsolationBudget.ForSync(3);
        Assert.Equal(64, Enumerable.Range(0, 100).Count(_ => budget.TryTake()));
        Assert.Equal(64, budget.Used);
        var large = IsolationBudget.ForSync(1000);
        Assert.Equal(2000, Enumerable.Range(0, 3000).Count(_ => large.TryTake()));
    }

    /// <summary>Names those who fail by their e-mails, each e-mail once, and counts the quiet ones.</summary>
    private static Reply Listed(Sent sent, Func<Identity, bool> fails, Func<Identity, bool>? quiet = null)
    {
        var failed = sent.Subscribers.Where(fails).ToList();
        var count = failed.Count + sent.Subscribers.Count(quiet ?? (_ => false));
        var listed = string.Join(',', failed.Select(s => $"\"{s.Email}\"").Distinct());
        return Reply.Counts(sent.Subscribers.Count - count, count, $$""","failedUpdates":{"conflictEmails":[{{listed}}]}""");
    }
}
