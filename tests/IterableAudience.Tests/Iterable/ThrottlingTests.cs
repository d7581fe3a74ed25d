using IterableAudience.Iterable;
using IterableAudience.Records;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace IterableAudience.Tests.Iterable;

/// <summary>429 through the whole client, on a clock that the test turns.</summary>
public sealed class ThrottlingTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 5, 12, 0, 0, TimeSpan.Zero);
    private static readonly Reply TooMany = Reply.Error(429, "RateLimitExceeded", "Exceeded rate limit");

    private readonly FakeTimeProvider time = new(Start);

    private static CancellationToken Timeout => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("20", 20)]
    [InlineData("Mon, 05 Jan 2026 12:00:45 GMT", 45)]
    [InlineData("Mon, 05 Jan 2026 11:00:00 GMT", 0)]
    [InlineData(null, 0.7)]
    public async Task A_429_uses_up_time_and_no_attempt(string? retryAfter, double seconds)
    {
        using var iterable = Fake(("MaxAttempts", "1"));
        iterable.Answer(TooMany with { RetryAfter = retryAfter }, Reply.Counts(1, 0));
        var result = await TurnUntilAsync(iterable.SendAsync(iterable.Batch(FakeIterable.Person(1)), Timeout));
        Assert.Equal((BatchEnd.Answered, 1, Outcome.Subscribed), (result.End, result.Attempts, result.Results[0].Outcome));
        Assert.Equal([(1, true, 429), (1, false, 200)], iterable.Log.Select(l => (l.Attempt, l.Throttled, l.Status!.Value)));
        // Not sooner. How much later depends on how often the clock is turned while an answer is on its way; the pacer's tests say that it isn't.
        Assert.True((iterable.Log[1].At - iterable.Log[0].At).TotalSeconds >= seconds);
    }

    [Fact]
    public async Task Two_batches_wait_for_the_same_pause()
    {
        using var iterable = Fake();
        iterable.Answer(TooMany with { RetryAfter = "60" }, Reply.Counts(1, 0));
        var first = iterable.SendAsync(iterable.Batch(FakeIterable.Person(1)), Timeout);
        await TurnUntilAsync(WaitForAsync(() => iterable.Log.Count > 0));
        var second = iterable.SendAsync(iterable.Batch(FakeIterable.Person(2)), Timeout);
        await TurnUntilAsync(Task.WhenAll(first, second));
        Assert.Equal(3, iterable.Log.Count);
        Assert.All(iterable.Log.Skip(1), l => Assert.True(l.At >= iterable.Log[0].At.AddSeconds(60)));
    }

    [Fact]
    public async Task Nothing_but_429_for_too_long_ends_the_sync()
    {
        using var iterable = Fake(("ThrottlePatience", "00:05:00"));
        iterable.Answer(TooMany);
        var result = await TurnUntilAsync(iterable.SendAsync(iterable.Batch(FakeIterable.People(2)), Timeout));
        Assert.Equal(BatchEnd.ThrottledOut, result.End);
        Assert.All(result.Results, r => Assert.Equal((Outcome.NotSent, Reason.SyncAborted, 429, false), (r.Outcome, r.Reason, r.HttpStatus, r.MayBeApplied)));
        Assert.Contains("requestsPerSecond", result.Message, StringComparison.Ordinal);
        Assert.InRange((time.GetUtcNow() - Start).TotalMinutes, 5, 8);
    }

    [Fact]
    public async Task A_pause_that_is_longer_than_the_patience_is_not_waited_for()
    {
        using var iterable = Fake();
        iterable.Answer(TooMany with { RetryAfter = "7200" });
        var result = await iterable.SendAsync(iterable.Batch(FakeIterable.Person(1)), Timeout);
        Assert.Equal(BatchEnd.ThrottledOut, result.End);
        Assert.Single(iterable.Requests);
    }

    [Fact]
    public async Task A_control_call_does_not_wait_for_a_paused_project()
    {
        using var iterable = Fake();
        iterable.Answer(TooMany with { RetryAfter = "60" });
        await Assert.ThrowsAsync<IterableFailureException>(() => iterable.Client.ProbeAsync(FakeIterable.Project(), 1, Timeout));
        var failure = await Assert.ThrowsAsync<IterableFailureException>(() => iterable.Client.ProbeAsync(FakeIterable.Project(), 1, Timeout));
        Assert.Equal(FailureCategory.Throttled, failure.Category);
        Assert.Single(iterable.Requests);
    }

    [Fact]
    public async Task Attempts_are_apart_by_a_wait_that_doubles()
    {
        using var iterable = Fake(("MaxAttempts", "5"));
        iterable.Answer(new Reply(503, ""));
        var result = await TurnUntilAsync(iterable.SendAsync(iterable.Batch(FakeIterable.Person(1)), Timeout), TimeSpan.FromMilliseconds(50));
        Assert.Equal((BatchEnd.GaveUp, 5), (result.End, iterable.Log.Count));
        var waits = iterable.Log.Zip(iterable.Log.Skip(1), (a, b) => (b.At - a.At).TotalSeconds).ToList();
        Assert.All(waits.Zip([1d, 2, 4, 8]), w => Assert.True(w.First >= 0.75 * w.Second, $"{w.First} s"));
    }

    private FakeIterable Fake(params (string, string)[] settings)
        => new(time, [("BackoffBase", "00:00:01"), ("AttemptTimeout", "01:00:00"), ("RequestsPerSecond", "20"), .. settings]);

    /// <summary>Turns the clock until something has happened; the requests meanwhile are real and take real time.</summary>
    private async Task<T> TurnUntilAsync<T>(Task<T> task, TimeSpan? step = null)
    {
        while (!task.IsCompleted)
        {
            time.Advance(step ?? TimeSpan.FromMilliseconds(500));
            await Task.WhenAny(task, Task.Delay(1, Timeout));
        }

        return await task;
    }

    private static async Task<bool> WaitForAsync(Func<bool> condition)
    {
        while (!condition())
        {
            await Task.Delay(1, Timeout);
        }

        return true;
    }
}
