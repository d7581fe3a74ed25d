using IterableAudience.Iterable;
using IterableAudience.Records;
using Xunit;

namespace IterableAudience.Tests.Iterable;

public sealed class BatchSenderTests
{
    private static CancellationToken Timeout => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_subscribe_says_what_Iterable_wants_and_nothing_else()
    {
        using var iterable = new FakeIterable();
        iterable.Answer(Reply.Counts(2, 0));
        var batch = iterable.Batch(new("o'brien+x@example.com", "Ü \"u\""), new(null, "u2"));
        await iterable.SendAsync(batch with { UpdateExistingUsersOnly = true }, Timeout);
        Assert.Equal(
            """{"listId":42,"subscribers":[{"email":"o'brien+x@example.com","userId":"Ü \"u\""},{"userId":"u2"}],"updateExistingUsersOnly":true}""",
            Assert.Single(iterable.Requests).Json);
        Assert.Equal(FakeIterable.Key, iterable.Requests[0].ApiKey);
    }

    [Theory]
    [InlineData(ProjectType.EmailBased, false)]
    [InlineData(ProjectType.UserIdBased, true)]
    [InlineData(ProjectType.Hybrid, true)]
    public async Task Update_existing_users_only_goes_to_projects_that_respect_it(ProjectType type, bool sent)
    {
        using var iterable = new FakeIterable();
        iterable.Answer(Reply.Counts(1, 0));
        foreach (var wanted in new[] { true, false })
        {
            await iterable.SendAsync(iterable.Batch(FakeIterable.Person(1)) with { Project = FakeIterable.Project(type), UpdateExistingUsersOnly = wanted }, Timeout);
            Assert.Equal(sent && wanted, iterable.Requests[^1].Json.Contains("updateExistingUsersOnly", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task An_unsubscribe_never_touches_the_channel()
    {
        using var iterable = new FakeIterable();
        iterable.Answer(Reply.Counts(1, 0));
        var result = await iterable.SendAsync(iterable.Batch(new Identity("a@example.com", null)) with { Kind = OperationKind.Unsubscribe, UpdateExistingUsersOnly = true }, Timeout);
        Assert.Equal("""{"listId":42,"subscribers":[{"email":"a@example.com"}],"channelUnsubscribe":false}""", iterable.Requests[0].Json);
        Assert.Equal((BatchEnd.Answered, Outcome.Unsubscribed), (result.End, result.Results[0].Outcome));
    }

    [Fact]
    public async Task A_project_in_the_EU_is_asked_there()
    {
        using var iterable = new FakeIterable();
        iterable.Answer("POST", "/eu/api/lists/subscribe", Reply.Counts(1, 0));
        var result = await iterable.SendAsync(iterable.Batch(FakeIterable.Person(1)) with { Project = FakeIterable.Project(dataCenter: DataCenter.EU) }, Timeout);
        Assert.Equal(BatchEnd.Answered, result.End);
    }

    [Theory]
    [InlineData(401, "BadApiKey", "Invalid API key", "data center")]
    [InlineData(401, "Success", "Invalid API key", "API key")]
    [InlineData(403, "Forbidden", "", "right to change lists")]
    [InlineData(404, "NotFound", "", "Iterable:BaseUrls:US")]
    [InlineData(400, "Success", "error.lists.invalidListId(42)", "audienceId")]
    [InlineData(500, "GenericError", "error.lists.invalidListId(42)", "audienceId")]
    public async Task What_no_batch_can_mend_aborts_at_once_and_says_what_to_check(int status, string code, string message, string advice)
    {
        using var iterable = new FakeIterable();
        iterable.Answer(Reply.Error(status, code, message));
        var result = await iterable.SendAsync(iterable.Batch(FakeIterable.People(3)), Timeout);
        Assert.Equal(BatchEnd.Abort, result.End);
        Assert.Contains(advice, result.Message, StringComparison.Ordinal);
        Assert.All(result.Results, r => Assert.Equal((Outcome.NotSent, Reason.SyncAborted, status, false), (r.Outcome, r.Reason, r.HttpStatus, r.MayBeApplied)));
        Assert.Single(iterable.Requests);
    }

    [Theory]
    [InlineData(408)]
    [InlineData(500)]
    [InlineData(502)]
    [InlineData(503)]
    [InlineData(504)]
    public async Task Trouble_that_may_pass_is_waited_out(int status)
    {
        using var iterable = new FakeIterable();
        iterable.Answer(new Reply(status, "<html>oops</html>", "text/html"), Reply.Counts(1, 0));
        var result = await iterable.SendAsync(iterable.Batch(FakeIterable.Person(1)), Timeout);
        Assert.Equal((BatchEnd.Answered, 2), (result.End, result.Attempts));
        Assert.Equal((Outcome.Subscribed, false), (result.Results[0].Outcome, result.Results[0].MayBeApplied));
        Assert.Equal([1, 2], iterable.Log.Select(l => l.Attempt));
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html>welcome</html>")]
    [InlineData("""{"successCount":1,"failCou""")]
    [InlineData("""{"msg":"","code":"Success"}""")]
    public async Task An_answer_that_cannot_be_read_is_asked_for_again(string body)
    {
        using var iterable = new FakeIterable();
        iterable.Answer(new Reply(200, body), Reply.Counts(1, 0));
        var result = await iterable.SendAsync(iterable.Batch(FakeIterable.Person(1)), Timeout);
        Assert.Equal((BatchEnd.Answered, Outcome.Subscribed), (result.End, result.Results[0].Outcome));
        Assert.Equal(2, iterable.Requests.Count);
    }

    [Theory]
    [InlineData(OperationKind.Subscribe, 503, true)]
    [InlineData(OperationKind.Subscribe, 200, true)]
    [InlineData(OperationKind.Unsubscribe, 503, true)]
    public async Task Used_up_attempts_fail_the_batch_and_keep_in_mind_that_it_may_have_worked(OperationKind kind, int status, bool mayBeApplied)
    {
        using var iterable = new FakeIterable(settings: ("MaxAttempts", "3"));
        iterable.Answer(new Reply(status, ""));
        var result = await iterable.SendAsync(iterable.Batch(new(null, "a"), new(null, "b")) with { Kind = kind }, Timeout);
        Assert.Equal((BatchEnd.GaveUp, 3, 3), (result.End, result.Attempts, iterable.Requests.Count));
        Assert.All(result.Results, r => Assert.Equal((Outcome.Failed, Reason.DeliveryFailed, mayBeApplied), (r.Outcome, r.Reason, r.MayBeApplied)));
    }

    [Fact]
    public async Task A_project_that_cannot_be_reached_has_applied_nothing()
    {
        using var iterable = new FakeIterable(settings: [("MaxAttempts", "2"), ("BaseUrls:US", "http://127.0.0.1:1")]);
        var result = await iterable.SendAsync(iterable.Batch(FakeIterable.Person(1)), Timeout);
        Assert.Equal((BatchEnd.GaveUp, 2), (result.End, result.Attempts));
        Assert.Equal((Reason.DeliveryFailed, false, 0), (result.Results[0].Reason, result.Results[0].MayBeApplied, result.Results[0].HttpStatus));
        Assert.Contains("name resolution", result.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_list_made_a_moment_ago_is_waited_for()
    {
        using var iterable = new FakeIterable(settings: ("MaxAttempts", "1"));
        var unknown = Reply.Error(400, "Success", "error.lists.invalidListId(42)");
        iterable.Answer(unknown, unknown, Reply.Counts(1, 0));
        var batch = iterable.Batch(FakeIterable.Person(1)) with { ListMadeAt = TimeProvider.System.GetUtcNow() };
        var result = await iterable.SendAsync(batch, Timeout);
        Assert.Equal((BatchEnd.Answered, 3), (result.End, iterable.Requests.Count));

        iterable.Answer(unknown);
        var older = await iterable.SendAsync(batch with { ListMadeAt = TimeProvider.System.GetUtcNow().AddSeconds(-61) }, Timeout);
        Assert.Equal(BatchEnd.Abort, older.End);
    }

    [Fact]
    public async Task A_request_that_nobody_expected_fails_the_test()
    {
        var iterable = new FakeIterable();
        var result = await iterable.SendAsync(iterable.Batch(FakeIterable.Person(1)), Timeout);
        Assert.Equal(BatchEnd.Abort, result.End);
        Assert.Single(iterable.Unexpected);
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(iterable.Dispose);
    }

    [Fact]
    public async Task No_key_and_no_person_is_in_anything_that_is_shown()
    {
        using var iterable = new FakeIterable();
        var echo = $"Invalid JSON body, Api-Key: {FakeIterable.Key} p1@example.com user-1";
        var answers = new[]
        {
            Reply.Error(400, "BadJsonBody", echo), Reply.Error(400, "BadParams", echo), Reply.Error(401, "BadApiKey", echo), new Reply(502, echo, "text/plain"),
            new Reply(200, echo, "text/plain"), Reply.Error(409, "ForgottenUserError", echo), Reply.Counts(0, 1, ""","forgottenEmails":["p1@example.com"],"failedUpdates":{"conflictUserIds":["user-1"]}"""),
            Reply.Error(400, "Success", "error.lists.invalidListId(p1@example.com)"),
        };
        foreach (var answer in answers)
        {
            iterable.Answer(answer);
            var batch = iterable.Batch(FakeIterable.Person(1));
            var result = await iterable.SendAsync(batch, Timeout);
            var shown = string.Join('|', result.Results.Select(r => r.ToString()).Concat(iterable.Log.Select(l => l.ToString())).Append(result.ToString()).Append(result.Message).Append(batch.Project.ToString()));
            Assert.DoesNotContain(FakeIterable.Key, shown, StringComparison.Ordinal);
            Assert.DoesNotContain("p1@", shown, StringComparison.Ordinal);
            Assert.DoesNotContain("user-1", shown, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("two words")]
    [InlineData("line\nbreak")]
    [InlineData("ключ")]
    public async Task A_key_that_no_header_can_carry_is_a_wrong_key(string key)
    {
        using var iterable = new FakeIterable();
        var result = await iterable.SendAsync(iterable.Batch(FakeIterable.Person(1)) with { Project = FakeIterable.Project(key: key) }, Timeout);
        Assert.Equal(BatchEnd.Abort, result.End);
        Assert.Contains("API key", result.Message, StringComparison.Ordinal);
    }
}
