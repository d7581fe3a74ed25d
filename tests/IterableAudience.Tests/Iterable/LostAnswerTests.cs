using IterableAudience.Iterable;
using IterableAudience.Records;
using Xunit;

namespace IterableAudience.Tests.Iterable;

public sealed class LostAnswerTests
{
    private const string Good = """{"successCount":1,"failCount":0}""";

    private static CancellationToken Timeout => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Len")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 32\r\n\r\n{\"successCount\":1,")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n12\r\n{\"successCount\":1,\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Encoding: gzip\r\nContent-Length: 12\r\n\r\nnot any gzip")]
    [InlineData("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Encoding: br\r\nContent-Length: 12\r\n\r\nnot brotli..")]
    [InlineData("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Encoding: deflate\r\nContent-Length: 12\r\n\r\nnot deflate.")]
    public async Task An_answer_that_breaks_off_is_asked_for_again(string broken)
    {
        await using var server = new RawServer(broken, RawServer.Ok(Good));
        using var iterable = new FakeIterable(settings: ("BaseUrls:US", server.Url));
        var result = await iterable.SendAsync(iterable.Batch(FakeIterable.Person(1)), Timeout);
        Assert.Equal((BatchEnd.Answered, 2, 2), (result.End, result.Attempts, server.Requests));
        Assert.Equal((Outcome.Subscribed, false), (result.Results[0].Outcome, result.Results[0].MayBeApplied));
    }

    [Fact]
    public async Task An_answer_that_always_breaks_off_may_have_been_applied()
    {
        await using var server = new RawServer("");
        using var iterable = new FakeIterable(settings: [("BaseUrls:US", server.Url), ("MaxAttempts", "2")]);
        var result = await iterable.SendAsync(iterable.Batch(FakeIterable.Person(1)), Timeout);
        Assert.Equal((BatchEnd.GaveUp, 2, 2), (result.End, result.Attempts, server.Requests));
        Assert.Equal((Reason.DeliveryFailed, true), (result.Results[0].Reason, result.Results[0].MayBeApplied));
    }

    [Fact]
    public async Task A_server_that_keeps_silent_costs_one_attempt()
    {
        await using var server = new RawServer(null, RawServer.Ok(Good));
        using var iterable = new FakeIterable(settings: [("BaseUrls:US", server.Url), ("AttemptTimeout", "00:00:00.200")]);
        var result = await iterable.SendAsync(iterable.Batch(FakeIterable.Person(1)), Timeout);
        Assert.Equal((BatchEnd.Answered, 2), (result.End, result.Attempts));
        Assert.Equal("no answer within 0.2 s", iterable.Log[0].Answer);
        Assert.Null(iterable.Log[0].Status);
    }

    [Fact]
    public async Task A_lost_answer_before_an_abort_is_remembered()
    {
        await using var server = new RawServer("", "HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        using var iterable = new FakeIterable(settings: ("BaseUrls:US", server.Url));
        var result = await iterable.SendAsync(iterable.Batch(FakeIterable.Person(1)), Timeout);
        Assert.Equal((BatchEnd.Abort, Outcome.NotSent, true), (result.End, result.Results[0].Outcome, result.Results[0].MayBeApplied));
    }

    [Fact]
    public async Task A_redirect_is_not_followed_with_the_key()
    {
        await using var server = new RawServer("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        using var iterable = new FakeIterable(settings: ("BaseUrls:US", server.Url));
        var result = await iterable.SendAsync(iterable.Batch(FakeIterable.Person(1)), Timeout);
        Assert.Equal((BatchEnd.Abort, 302, 1), (result.End, result.Results[0].HttpStatus, server.Requests));
    }
}
