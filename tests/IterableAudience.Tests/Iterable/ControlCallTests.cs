using IterableAudience.Iterable;
using Xunit;

namespace IterableAudience.Tests.Iterable;

public sealed class ControlCallTests
{
    private static CancellationToken Timeout => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Lists_are_read_and_kept_for_a_moment()
    {
        using var iterable = new FakeIterable();
        iterable.Answer("GET", "/api/lists", new Reply(200, """{"lists":[{"id":58508,"name":"new users","createdAt":1505330681211,"listType":"Dynamic"},{"id":56545,"name":"vip","description":"d","listType":"Standard","isGlobalSuppressionEnabled":true}]}"""));
        var lists = await iterable.Client.GetListsAsync(FakeIterable.Project(), Timeout);
        Assert.Equal(new IterableList(58508, "new users", "Dynamic", null, DateTimeOffset.FromUnixTimeMilliseconds(1505330681211)), lists[0]);
        Assert.Equal([false, true], lists.Select(l => l.IsStatic));

        iterable.Answer("GET", "/api/lists", new Reply(200, """{"lists":[]}"""));
        Assert.Equal(2, (await iterable.Client.GetListsAsync(FakeIterable.Project(), Timeout)).Count);
        Assert.Empty(await iterable.Client.GetListsAsync(FakeIterable.Project(), refresh: true, Timeout));
    }

    [Fact]
    public async Task A_list_is_made_once_and_seen_at_once()
    {
        using var iterable = new FakeIterable();
        iterable.Answer("GET", "/api/lists", new Reply(200, """{"lists":[]}"""));
        iterable.Answer("POST", "/api/lists", new Reply(200, """{"listId":1068682}"""));
        Assert.Empty(await iterable.Client.GetListsAsync(FakeIterable.Project(), Timeout));
        Assert.Equal(1068682, await iterable.Client.CreateListAsync(FakeIterable.Project(), "VIP \"1\"", null, Timeout));
        iterable.Answer("GET", "/api/lists", new Reply(200, """{"lists":[{"id":1068682,"name":"VIP","listType":"Standard"}]}"""));
        Assert.Single(await iterable.Client.GetListsAsync(FakeIterable.Project(), Timeout));
    }

    [Fact]
    public async Task A_list_is_never_made_twice_because_an_answer_was_lost()
    {
        using var iterable = new FakeIterable();
        iterable.Answer("POST", "/api/lists", new Reply(502, ""));
        var failure = await Assert.ThrowsAsync<IterableFailureException>(() => iterable.Client.CreateListAsync(FakeIterable.Project(), "n", "d", Timeout));
        Assert.Equal((FailureCategory.Unavailable, 502), (failure.Category, failure.Status));
        Assert.Contains("may have been made", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_probe_is_a_subscribe_of_nobody()
    {
        using var iterable = new FakeIterable();
        iterable.Answer(Reply.Counts(0, 0, ",\"invalidEmails\":[]"));
        await iterable.Client.ProbeAsync(FakeIterable.Project(), 7, Timeout);
        Assert.Equal("""{"listId":7,"subscribers":[]}""", Assert.Single(iterable.Requests).Json);
    }

    [Theory]
    [InlineData(401, "BadApiKey", FailureCategory.WrongKey, 1)]
    [InlineData(403, "Forbidden", FailureCategory.Forbidden, 1)]
    [InlineData(404, "NotFound", FailureCategory.WrongAddress, 1)]
    [InlineData(400, "BadParams", FailureCategory.Refused, 1)]
    [InlineData(429, "RateLimitExceeded", FailureCategory.Throttled, 1)]
    [InlineData(503, "GenericError", FailureCategory.Unavailable, 2)]
    [InlineData(200, "Success", FailureCategory.Unreadable, 2)]
    public async Task A_control_call_fails_soon_and_says_what_to_check(int status, string code, FailureCategory category, int requests)
    {
        using var iterable = new FakeIterable();
        iterable.Answer(Reply.Error(status, code, $"{FakeIterable.Key} ann@example.com"));
        var failure = await Assert.ThrowsAsync<IterableFailureException>(() => iterable.Client.ProbeAsync(FakeIterable.Project(), 7, Timeout));
        Assert.Equal((category, status), (failure.Category, failure.Status));
        Assert.Equal(requests, iterable.Requests.Count);
        Assert.DoesNotContain(FakeIterable.Key, failure.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("ann@", failure.ToString(), StringComparison.Ordinal);
        if (category == FailureCategory.WrongKey)
        {
            Assert.Contains("data center", failure.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_control_call_that_is_cancelled_says_so()
    {
        using var iterable = new FakeIterable();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => iterable.Client.GetListsAsync(FakeIterable.Project(), new CancellationToken(canceled: true)));
    }
}
