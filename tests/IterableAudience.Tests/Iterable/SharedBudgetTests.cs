using IterableAudience.Iterable;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace IterableAudience.Tests.Iterable;

/// <summary>A pacer whose budget is elsewhere: it has to ask, and to wait for the answer.</summary>
public sealed class SharedBudgetTests : IDisposable
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private static readonly PaceLimits Limits = new(5, 4);

    private readonly FakeTimeProvider _time = new();
    private readonly Elsewhere _budget = new();
    private readonly ProjectPacer _pacer;
    private int _nodes = 1;

    public SharedBudgetTests() => _pacer = new ProjectPacer(_time, _budget, () => _nodes);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_start_is_asked_for_when_it_is_needed_one_at_a_time()
    {
        var first = _pacer.EnterAsync(Limits, "a", Hour, Cancel);
        var second = _pacer.EnterAsync(Limits, "b", Hour, Cancel);
        Assert.Equal(1, _budget.Asked);
        await _budget.SayAsync(Slot(In(100)));
        _time.Advance(TimeSpan.FromMilliseconds(99));
        Assert.Equal((false, 1), (first.IsCompleted, _budget.Asked));
        await _time.ReachAsync(first, Cancel);
        Assert.Equal((false, 2), (second.IsCompleted, _budget.Asked));
        await _budget.SayAsync(Slot(In(0)));
        await second.WaitAsync(TimeSpan.FromSeconds(10), Cancel);
        Assert.Equal(2, _budget.Asked); // nobody waits any more
    }

    [Fact]
    public async Task As_many_starts_are_asked_for_as_somebody_waits_for_and_the_wire_has_room_for()
    {
        var limits = new PaceLimits(25, 4);
        List<Task<ProjectPacer.Permit>> all = [.. Enumerable.Range(0, 9).Select(n => _pacer.EnterAsync(limits, $"{n % 3}", Hour, Cancel))];
        Assert.Equal(1, _budget.Wanted); // nobody else came before it was asked for
        await _budget.SayAsync(Slot(In(0)));
        var first = await all[0].WaitAsync(TimeSpan.FromSeconds(10), Cancel);
        await _budget.AskedAsync(2, Cancel);
        Assert.Equal(3, _budget.Wanted); // three places are free, and how long answers take isn't known
        _time.Advance(TimeSpan.FromMilliseconds(100));
        first.Dispose();
        await _budget.SayAsync(Slot(In(0)));
        await all[1].WaitAsync(TimeSpan.FromSeconds(10), Cancel);
        await _budget.AskedAsync(3, Cancel);
        Assert.Equal(7, _budget.Wanted); // answers are quick enough for all who wait
        await _pacer.ThrottledAsync(await all[1], TimeSpan.Zero, TimeSpan.FromSeconds(1), 0.5);
        await _budget.SayAsync(Slot(In(0)) with { PausedUntil = In(10), Strikes = 1 });
        _time.Advance(TimeSpan.FromMilliseconds(10));
        await _budget.AskedAsync(4, Cancel);
        Assert.Equal(1, _budget.Wanted); // one goes alone after a 429
    }

    [Fact]
    public async Task A_start_is_asked_for_again_when_an_account_that_allows_itself_less_is_next_by_then()
    {
        using var stop = new CancellationTokenSource();
        var fast = _pacer.EnterAsync(Limits, "a", Hour, stop.Token);
        var slow = _pacer.EnterAsync(new(1, 4), "b", Hour, Cancel);
        await _budget.SayAsync(Slot(In(100)));
        await stop.CancelAsync();
        _time.Advance(TimeSpan.FromMilliseconds(200));
        await _budget.AskedAsync(2, Cancel);
        Assert.Equal((true, false), (fast.IsCanceled, slow.IsCompleted));
        await _budget.SayAsync(Slot(In(0)));
        await slow.WaitAsync(TimeSpan.FromSeconds(10), Cancel);
    }

    [Fact]
    public async Task A_start_that_was_missed_is_let_go()
    {
        var waiting = _pacer.EnterAsync(Limits, "a", Hour, Cancel);
        await _budget.SayAsync(Slot(In(-50)) with { Latest = In(-40) });
        await _budget.AskedAsync(2, Cancel);
        Assert.False(waiting.IsCompleted);
        await _budget.SayAsync(Slot(In(0)));
        await waiting.WaitAsync(TimeSpan.FromSeconds(10), Cancel);
    }

    [Fact]
    public async Task A_429_that_another_node_met_stops_this_one()
    {
        var patient = _pacer.EnterAsync(Limits, "a", Hour, Cancel);
        var impatient = _pacer.EnterAsync(Limits, "b", TimeSpan.FromSeconds(10), Cancel);
        await _budget.SayAsync(Slot(In(0)) with { PausedUntil = In(20_000), Generation = 1, Strikes = 1 });
        await Assert.ThrowsAsync<ProjectPausedException>(() => impatient);
        await Assert.ThrowsAsync<ProjectPausedException>(() => _pacer.EnterAsync(Limits, "b", TimeSpan.FromSeconds(10), Cancel));
        Assert.Equal(1, _budget.Asked);
        _time.Advance(TimeSpan.FromSeconds(20));
        await _budget.AskedAsync(2, Cancel);
        await _budget.SayAsync(Slot(In(0)));
        await patient.WaitAsync(TimeSpan.FromSeconds(10), Cancel);
    }

    [Fact]
    public async Task A_start_that_was_reserved_before_a_429_is_not_used_after_it()
    {
        using var permit = await EnteredAsync();
        var waiting = _pacer.EnterAsync(Limits, "a", Hour, Cancel);
        await _budget.SayAsync(Slot(In(1000)));
        await _pacer.ThrottledAsync(permit, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(1), 0.5);
        _time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.False(waiting.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.1));
        await _budget.AskedAsync(3, Cancel);
    }

    [Fact]
    public async Task A_start_that_is_told_after_a_429_was_noted_does_not_forget_the_429()
    {
        using var permit = await EnteredAsync();
        var waiting = _pacer.EnterAsync(Limits, "a", Hour, Cancel);
        var other = _pacer.EnterAsync(Limits, "a", Hour, Cancel);
        await _pacer.ThrottledAsync(permit, TimeSpan.Zero, TimeSpan.FromSeconds(1), 0.5);
        await _budget.SayAsync(Slot(In(0)));
        await _budget.AskedAsync(3, Cancel);
        Assert.False(waiting.IsCompleted);
        await _budget.SayAsync(Slot(In(0)) with { Generation = 1, Strikes = 1 });
        Assert.Equal(1, (await waiting.WaitAsync(TimeSpan.FromSeconds(10), Cancel)).Generation);
        Assert.Equal((3, false), (_budget.Asked, other.IsCompleted)); // one goes alone
    }

    [Fact]
    public async Task A_store_that_cannot_be_used_ends_the_wait_with_its_error_and_the_next_one_asks_again()
    {
        var waiting = _pacer.EnterAsync(Limits, "a", Hour, Cancel);
        await _budget.FailAsync(new IOException("out of order"));
        await Assert.ThrowsAsync<IOException>(() => waiting);
        var next = _pacer.EnterAsync(Limits, "a", Hour, Cancel);
        await _budget.SayAsync(Slot(In(0)));
        await next.WaitAsync(TimeSpan.FromSeconds(10), Cancel);
    }

    [Theory]
    [InlineData(1, 4)]
    [InlineData(2, 2)]
    [InlineData(9, 1)]
    public async Task Each_node_has_its_share_of_the_requests_in_flight(int nodes, int share)
    {
        _nodes = nodes;
        List<Task<ProjectPacer.Permit>> all = [.. Enumerable.Range(0, 6).Select(_ => _pacer.EnterAsync(Limits, "a", Hour, Cancel))];
        for (var start = 0; start < share; start++)
        {
            await _budget.AskedAsync(start + 1, Cancel);
            await _budget.SayAsync(Slot(In(0)));
        }

        await Task.WhenAll(all.Take(share)).WaitAsync(TimeSpan.FromSeconds(10), Cancel);
        Assert.Equal((share, share, 6 - share), (_pacer.Status.InFlight, _budget.Asked, _pacer.Status.Waiting));
    }

    public void Dispose() => _pacer.Dispose();

    private async Task<ProjectPacer.Permit> EnteredAsync()
    {
        var entering = _pacer.EnterAsync(Limits, "a", Hour, Cancel);
        await _budget.SayAsync(Slot(In(0)));
        return await entering.WaitAsync(TimeSpan.FromSeconds(10), Cancel);
    }

    private long In(double milliseconds) => _time.GetTimestamp() + (long)(milliseconds / 1000 * _time.TimestampFrequency);

    private static StartSlot Slot(long at) => new(at, long.MaxValue, 0, 5, 0, 0, IsReserved: true);

    /// <summary>Answers when the test says so.</summary>
    private sealed class Elsewhere : IRateBudget
    {
        private TaskCompletionSource<StartSlot> _answer = new();

        public int Asked { get; private set; }

        public int Wanted { get; private set; }

        public ValueTask<StartSlot> NextAsync(PaceLimits limits, int wanted)
        {
            (Asked, Wanted) = (Asked + 1, wanted);
            _answer = new();
            return new(_answer.Task);
        }

        public void Started(long at)
        {
        }

        public void Answered(int generation)
        {
        }

        public ValueTask<PauseNote> ThrottledAsync(Throttle throttle) => new(new PauseNote(throttle.RetryAfter ?? throttle.BackoffBase, throttle.RequestsPerSecond, throttle.Generation + 1, 1));

        public async Task SayAsync(StartSlot slot)
        {
            _answer.SetResult(slot);
            await Task.Yield();
        }

        public async Task FailAsync(Exception error)
        {
            _answer.SetException(error);
            await Task.Yield();
        }

        public async Task AskedAsync(int times, CancellationToken cancel)
        {
            for (var wait = 0; Asked < times; wait++)
            {
                Assert.True(wait < 10_000, $"asked {Asked} times");
                await Task.Delay(1, cancel);
            }
        }
    }
}

internal static class FakeTimeExtensions
{
    /// <summary>Turns the clock, a millisecond at a time, until a task has ended.</summary>
    public static async Task ReachAsync(this FakeTimeProvider time, Task task, CancellationToken cancel)
    {
        while (!task.IsCompleted)
        {
            time.Advance(TimeSpan.FromMilliseconds(1));
            await Task.Delay(1, cancel);
        }
    }
}
