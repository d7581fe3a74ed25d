using IterableAudience.Iterable;
using IterableAudience.Records;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace IterableAudience.Tests.Iterable;

public sealed class StopTests : IDisposable
{
    private readonly CancellationTokenSource stop = new();

    [Fact]
    public async Task Stopped_before_it_begins_nothing_is_sent()
    {
        using var iterable = new FakeIterable();
        await stop.CancelAsync();
        var result = await iterable.SendAsync(iterable.Batch(FakeIterable.People(2)), stop.Token);
        AssertStopped(result, mayBeApplied: false);
        Assert.Equal(0, result.Attempts);
        Assert.Empty(iterable.Requests);
    }

    [Fact]
    public async Task An_answer_that_is_on_its_way_is_awaited_and_used()
    {
        using var iterable = new FakeIterable();
        iterable.AnswerLater(async sent =>
        {
            await stop.CancelAsync();
            await Task.Delay(50);
            return Reply.Counts(1, 1, ""","invalidUserIds":["user-2"]""");
        });
        var result = await iterable.SendAsync(iterable.Batch(FakeIterable.People(2)), stop.Token);
        Assert.Equal(BatchEnd.Answered, result.End);
        Assert.Equal([Outcome.Subscribed, Outcome.Failed], result.Results.Select(r => r.Outcome));
    }

    [Fact]
    public async Task After_the_stop_no_half_is_sent()
    {
        using var iterable = new FakeIterable();
        iterable.AnswerLater(async sent =>
        {
            await stop.CancelAsync();
            return Reply.Error(400, "BadParams");
        });
        var result = await iterable.SendAsync(iterable.Batch(FakeIterable.People(4)), stop.Token);
        AssertStopped(result, mayBeApplied: false);
        Assert.Single(iterable.Requests);
    }

    [Fact]
    public async Task A_stop_ends_the_wait_for_the_next_attempt()
    {
        using var iterable = new FakeIterable(settings: ("BackoffBase", "00:01:00"));
        iterable.Answer(new Reply(503, ""));
        var sending = iterable.SendAsync(iterable.Batch(FakeIterable.People(2)) with { Log = _ => stop.CancelAfter(20) }, stop.Token);
        AssertStopped(await sending.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken), mayBeApplied: true);
        Assert.Single(iterable.Requests);
    }

    [Fact]
    public async Task A_stop_ends_the_wait_for_a_paused_project()
    {
        using var iterable = new FakeIterable();
        iterable.Answer(new Reply(429, "", RetryAfter: "600"));
        var sending = iterable.SendAsync(iterable.Batch(FakeIterable.People(2)) with { Log = _ => stop.CancelAfter(20) }, stop.Token);
        AssertStopped(await sending.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken), mayBeApplied: false);
        Assert.Single(iterable.Requests);
    }

    [Fact]
    public async Task Trouble_on_the_wire_after_the_stop_is_not_tried_again()
    {
        using var iterable = new FakeIterable();
        iterable.AnswerLater(async sent =>
        {
            await stop.CancelAsync();
            return new Reply(503, "");
        });
        AssertStopped(await iterable.SendAsync(iterable.Batch(FakeIterable.People(2)), stop.Token), mayBeApplied: true);
        Assert.Single(iterable.Requests);
    }

    [Fact]
    public async Task An_answer_that_does_not_come_is_waited_for_twenty_seconds_after_the_service_was_told_to_stop()
    {
        var (time, arrived, answer) = (new FakeTimeProvider(), new TaskCompletionSource(), new TaskCompletionSource<Reply>());
        using var iterable = new FakeIterable(time);
        iterable.AnswerLater(sent =>
        {
            arrived.TrySetResult();
            return answer.Task;
        });
        var sending = iterable.SendAsync(iterable.Batch(FakeIterable.People(2)), stop.Token);
        await arrived.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        iterable.Life.StopApplication();
        await stop.CancelAsync();

        time.Advance(TimeSpan.FromSeconds(19.9));
        Assert.Empty(iterable.Log);
        time.Advance(TimeSpan.FromSeconds(0.1));
        var result = await sending.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        answer.SetResult(Reply.Counts(2, 0));
        AssertStopped(result, mayBeApplied: true);
        Assert.True(result.IsGivenUp);
        Assert.Equal("not waited for any longer, since the service stops", Assert.Single(iterable.Log).Answer);
    }

    public void Dispose() => stop.Dispose();

    private static void AssertStopped(BatchResult result, bool mayBeApplied)
    {
        Assert.Equal(BatchEnd.Stopped, result.End);
        Assert.All(result.Results, r => Assert.Equal((Outcome.NotSent, Reason.SyncCancelled, mayBeApplied), (r.Outcome, r.Reason, r.MayBeApplied)));
    }
}
