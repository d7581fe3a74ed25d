using CsCheck;
using IterableAudience.Iterable;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace IterableAudience.Tests.Iterable;

public sealed class ProjectPacerTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private static CancellationToken Timeout => TestContext.Current.CancellationToken;

    [Fact]
    public void No_window_has_more_starts_than_the_budget_and_while_there_is_work_it_is_used()
    {
        Gen.Select(Gen.Double[1, 25], Gen.Int[2, 40]).Sample((rate, callers) =>
        {
            var time = new FakeTimeProvider();
            var begin = time.GetTimestamp();
            using var pacer = new ProjectPacer(time);
            var permits = Enumerable.Range(0, callers).Select(_ => pacer.EnterAsync(new(rate, callers), "sync", Hour, Timeout)).ToList();
            for (var passed = 0; passed < 2 * 1000 * callers / rate; passed++)
            {
                time.Advance(TimeSpan.FromMilliseconds(1));
            }

            var starts = Task.WhenAll(permits).WaitAsync(TimeSpan.FromSeconds(10), Timeout).GetAwaiter().GetResult().Select(p => time.GetElapsedTime(begin, p.StartedAt).TotalSeconds).ToList();
            for (var from = 0; from < starts.Count; from++)
            {
                for (var to = from; to < starts.Count; to++)
                {
                    Assert.True(to - from + 1 <= (rate * (starts[to] - starts[from])) + 1 + 1e-6, $"{to - from + 1} starts in {starts[to] - starts[from]} s at {rate}/s");
                }
            }

            Assert.True(callers - 1 >= 0.95 * rate * (starts[^1] - starts[0]), $"{callers - 1} starts in {starts[^1] - starts[0]} s at {rate}/s");
            Assert.Equal(starts.Order(), starts);
        }, iter: 40);
    }

    [Fact]
    public async Task At_a_high_rate_on_a_real_clock_the_budget_holds_too()
    {
        const double Rate = 400;
        using var pacer = new ProjectPacer(TimeProvider.System);
        var permits = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => pacer.EnterAsync(new(Rate, 1000), "sync", Hour, Timeout)));
        var starts = permits.Select(p => p.StartedAt).ToList();
        Assert.All(starts.Zip(starts.Skip(1)), pair => Assert.True(TimeProvider.System.GetElapsedTime(pair.First, pair.Second).TotalSeconds >= (1 / Rate) - 1e-6));
        var took = TimeProvider.System.GetElapsedTime(starts[0], starts[^1]).TotalSeconds;
        TestContext.Current.SendDiagnosticMessage("{0:P1} of the budget used", 99 / Rate / took);
    }

    [Fact]
    public async Task No_more_are_on_the_wire_than_allowed_and_the_first_to_ask_is_the_first_to_go()
    {
        var time = new FakeTimeProvider();
        using var pacer = new ProjectPacer(time);
        var waiting = Enumerable.Range(0, 6).Select(_ => pacer.EnterAsync(new(5, 2), "sync", Hour, Timeout)).ToList();
        time.Advance(TimeSpan.FromMinutes(1));
        var first = await waiting[0];
        var second = await waiting[1];
        Assert.All(waiting.Skip(2), w => Assert.False(w.IsCompleted));

        second.Dispose();
        second.Dispose(); // leaves once only
        time.Advance(TimeSpan.FromMinutes(1));
        await waiting[2];
        Assert.All(waiting.Skip(3), w => Assert.False(w.IsCompleted));
        first.Dispose();
        time.Advance(TimeSpan.FromMinutes(1));
        await waiting[3];
        Assert.False(waiting[4].IsCompleted);
    }

    [Fact]
    public async Task Who_gives_up_waiting_uses_no_budget()
    {
        var time = new FakeTimeProvider();
        using var pacer = new ProjectPacer(time);
        using var stop = new CancellationTokenSource();
        await pacer.EnterAsync(new(1, 9), "sync", Hour, Timeout);
        var leaver = pacer.EnterAsync(new(1, 9), "sync", Hour, stop.Token);
        var stayer = pacer.EnterAsync(new(1, 9), "sync", Hour, Timeout);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaver);
        time.Advance(TimeSpan.FromSeconds(1));
        await stayer;
    }

    [Fact]
    public async Task A_429_stops_all_accounts_of_the_project_for_as_long_as_Iterable_says()
    {
        var time = new FakeTimeProvider();
        using var pacers = new ProjectPacers(Options.Create(new IterableOptions()), time, BudgetSource.Process(time));
        var one = pacers.For(FakeIterable.Project());
        var other = pacers.For(FakeIterable.Project() with { RequestsPerSecond = 100 });
        var neighbour = pacers.For(FakeIterable.Project() with { ProjectKey = "another" });
        using var permit = await one.EnterAsync(new(5, 4), "sync", Hour, Timeout);
        Assert.Equal(TimeSpan.FromSeconds(30), await one.ThrottledAsync(permit, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(1), 0.5));
        var waiting = other.EnterAsync(new(5, 4), "sync", Hour, Timeout);
        using var free = await neighbour.EnterAsync(new(5, 4), "sync", Hour, Timeout);
        time.Advance(TimeSpan.FromSeconds(29.9));
        Assert.False(waiting.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(0.1));
        await waiting;
    }

    [Fact]
    public async Task Without_a_word_from_Iterable_the_pause_doubles_and_an_answer_ends_the_series()
    {
        var time = new FakeTimeProvider();
        using var pacer = new ProjectPacer(time);
        async Task<double> ThrottleAsync(int together = 1)
        {
            var permits = Enumerable.Range(0, together).Select(_ => pacer.EnterAsync(new(5, 9), "sync", Hour, Timeout)).ToList();
            time.Advance(TimeSpan.FromMinutes(2));
            time.Advance(TimeSpan.FromMinutes(2));
            time.Advance(TimeSpan.FromMinutes(2));
            List<TimeSpan> pauses = [];
            foreach (var permit in await Task.WhenAll(permits))
            {
                pauses.Add(await pacer.ThrottledAsync(permit, null, TimeSpan.FromSeconds(1), 0.5));
                permit.Dispose();
            }

            return Assert.Single(pauses.Distinct()).TotalSeconds;
        }

        Assert.Equal(1, await ThrottleAsync(together: 3));
        Assert.Equal(2, await ThrottleAsync());
        Assert.Equal(4, await ThrottleAsync());
        Assert.Equal(8, await ThrottleAsync());
        var next = pacer.EnterAsync(new(5, 9), "sync", Hour, Timeout);
        time.Advance(TimeSpan.FromMinutes(1));
        using (var answered = await next)
        {
            pacer.Answered(answered);
        }

        Assert.Equal(1, await ThrottleAsync());
    }

    [Fact]
    public async Task Nobody_waits_for_a_pause_that_is_longer_than_his_patience()
    {
        var time = new FakeTimeProvider();
        using var pacer = new ProjectPacer(time);
        using var permit = await pacer.EnterAsync(new(1, 9), "sync", Hour, Timeout);
        var patient = pacer.EnterAsync(new(1, 9), "sync", 3 * Hour, Timeout);
        var impatient = pacer.EnterAsync(new(1, 9), "sync", Hour, Timeout);
        await pacer.ThrottledAsync(permit, 2 * Hour, TimeSpan.FromSeconds(1), 0.5);
        await Assert.ThrowsAsync<ProjectPausedException>(() => impatient);
        await Assert.ThrowsAsync<ProjectPausedException>(() => pacer.EnterAsync(new(1, 9), "sync", Hour, Timeout));
        Assert.False(patient.IsCompleted);
        time.Advance(2 * Hour);
        await patient;
    }
}
