using IterableAudience.Accounts;
using IterableAudience.Iterable;
using IterableAudience.Tests.Iterable;
using IterableAudience.Tests.Stores;
using Npgsql;
using Xunit;

namespace IterableAudience.Tests.Accounts;

/// <summary>One budget in a PostgreSQL store, used by two nodes.</summary>
public sealed class StoreBudgetTests : IAsyncLifetime
{
    private const string Project = "project-hash";
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly PaceLimits Limits = new(25, 4);

    private TestStore? _store;
    private NpgsqlDataSource _one = null!;
    private NpgsqlDataSource _two = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        _store = TestStore.Postgres();
        _one = NpgsqlDataSource.Create(_store.ConnectionString);
        _two = NpgsqlDataSource.Create(_store.ConnectionString);
        return ValueTask.CompletedTask;
    }

    [Theory]
    [InlineData(5, 6)]
    [InlineData(25, 3)]
    public async Task Two_nodes_keep_one_budget_and_use_it(double rate, int seconds)
    {
        // Other work on the machine can cost starts and never adds any, so the best of some tries says how much of the budget is used; and where
        // it wakes nobody in time, a budget of the same kind in memory says how much can be.
        var (most, inMemory) = (0d, 1d);
        for (var attempt = 0; attempt < 4 && most < 0.95; attempt++)
        {
            var project = $"{Project}{attempt}";
            most = Math.Max(most, await UsedAsync(rate, seconds, source => new StoreBudget(source, project, TimeProvider.System)));
            if (most < 0.95)
            {
                var moments = new Moments();
                inMemory = Math.Min(inMemory, await UsedAsync(rate, seconds, _ => new MemoryBudget(moments)));
            }
        }

        Assert.True(most >= (inMemory >= 0.95 ? 0.95 : inMemory * inMemory), $"{most:P1} of the budget used, {inMemory:P1} in memory");
    }

    [Fact]
    public async Task A_429_of_one_node_pauses_the_other_and_lowers_the_rate_of_both()
    {
        var (one, two) = (Budget(_one), Budget(_two));
        var before = await one.NextAsync(Limits, 1);
        var note = await one.ThrottledAsync(new Throttle(before.Generation, 25, TimeSpan.FromSeconds(30), Second, 0.5));
        Assert.Equal((30, 25 * RateRules.Nudge, 1, 1), (Math.Round(note.Pause.TotalSeconds, 3), Math.Round(note.Rate, 6), note.Generation, note.Strikes));

        var other = await two.NextAsync(Limits, 1);
        Assert.InRange(TimeProvider.System.GetElapsedTime(TimeProvider.System.GetTimestamp(), other.PausedUntil).TotalSeconds, 25, 30);
        Assert.Equal((1, 1), (other.Generation, other.Strikes));
        Assert.Equal(25 * RateRules.Nudge, other.Rate, 2);

        // It was on the wire together with the first: nothing is lowered twice.
        note = await two.ThrottledAsync(new Throttle(before.Generation, 25, null, Second, 0.5));
        Assert.Equal((25 * RateRules.Nudge, 1, 1), (Math.Round(note.Rate, 6), note.Generation, note.Strikes));
    }

    [Fact]
    public async Task Without_a_word_from_Iterable_the_pause_doubles_until_an_answer_of_any_node()
    {
        var (one, two) = (Budget(_one), Budget(_two));
        await one.NextAsync(Limits, 1);
        Assert.Equal(1, await PauseAsync(one, 0));
        Assert.Equal(2, await PauseAsync(two, 1));
        Assert.Equal(4, await PauseAsync(one, 2));
        two.Answered(3);
        await two.NextAsync(Limits, 1); // says so by the way
        Assert.Equal(0, (await one.NextAsync(Limits, 1)).Strikes);
        Assert.Equal(1, await PauseAsync(one, 3));

        async Task<double> PauseAsync(StoreBudget budget, int generation)
        {
            var pause = (await budget.ThrottledAsync(new Throttle(generation, 25, null, Second, 0.5))).Pause.TotalSeconds;
            await TurnBackAsync(pause);
            return Math.Round(pause, 3);
        }
    }

    [Fact]
    public async Task Quiet_time_raises_the_rate_in_the_store_as_it_does_in_memory()
    {
        var budget = Budget(_one);
        await budget.NextAsync(Limits, 1);
        await budget.ThrottledAsync(new Throttle(0, 25, TimeSpan.Zero, Second, 0.5));
        await budget.ThrottledAsync(new Throttle(1, 25, TimeSpan.Zero, Second, 0.5));
        var lowered = 25 * RateRules.Nudge * RateRules.Cut;
        await TurnBackAsync(30);
        Assert.InRange((await budget.NextAsync(Limits, 1)).Rate, RateRules.Raised(lowered, 30) * 0.999, RateRules.Raised(lowered, 35));
        budget.Started(0);
        await TurnBackAsync(600);
        Assert.Equal(25, (await budget.NextAsync(Limits, 1)).Rate, 3);
        Assert.Equal(25 * RateRules.Nudge, (await budget.ThrottledAsync(new Throttle(2, 25, TimeSpan.Zero, Second, 0.5))).Rate, 3);
    }

    [Fact]
    public async Task Starts_are_apart_by_the_limit_of_whoever_is_next_and_a_clock_that_was_put_back_stops_nobody()
    {
        var budget = Budget(_one);
        budget.Started((await budget.NextAsync(new(5, 4), 1)).At);
        var first = await NumberAsync("last_at");
        budget.Started((await budget.NextAsync(new(2, 4), 1)).At);
        Assert.Equal(500_000, await NumberAsync("spacing"));
        Assert.InRange(await NumberAsync("last_at") - first, 520_000, 60_000_000);
        await using (var put = _one.CreateCommand("UPDATE rate_budget SET last_at = last_at + 3600000000"))
            await put.ExecuteNonQueryAsync(Cancel);
        await budget.NextAsync(new(5, 4), 1);
        Assert.Equal(0, await NumberAsync("last_at - asked_at"));

        async Task<long> NumberAsync(string column)
        {
            await using var command = _two.CreateCommand($"SELECT {column} FROM rate_budget");
            return (long)(await command.ExecuteScalarAsync(Cancel))!;
        }
    }

    [Fact]
    public async Task A_store_out_of_order_is_said_to_who_waits_and_a_429_pauses_this_node_all_the_same()
    {
        var budget = Budget(_one);
        using var pacer = new ProjectPacer(TimeProvider.System, budget, () => 1);
        using var permit = await pacer.EnterAsync(Limits, "sync", Hour, Cancel);
        await using (var drop = _two.CreateCommand("ALTER TABLE rate_budget RENAME TO away"))
            await drop.ExecuteNonQueryAsync(Cancel);
        Assert.Equal(TimeSpan.FromSeconds(7), await pacer.ThrottledAsync(permit, TimeSpan.FromSeconds(7), Second, 0.5));
        Assert.InRange(pacer.Status.PausedFor.TotalSeconds, 5, 7);
        await Assert.ThrowsAsync<PostgresException>(() => budget.NextAsync(Limits, 1).AsTask());
    }

    public async ValueTask DisposeAsync()
    {
        if (_store is null)
            return;
        await _one.DisposeAsync();
        await _two.DisposeAsync();
        _store.Delete();
    }

    private static StoreBudget Budget(NpgsqlDataSource source) => new(source, Project, TimeProvider.System);

    /// <summary>The share of a budget that two nodes use; the rule of the budget is checked by the way.</summary>
    private async Task<double> UsedAsync(double rate, int seconds, Func<NpgsqlDataSource, IRateBudget> budget)
    {
        using var one = new ProjectPacer(TimeProvider.System, budget(_one), () => 2);
        using var two = new ProjectPacer(TimeProvider.System, budget(_two), () => 2);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var begin = TimeProvider.System.GetTimestamp();
        List<double>[] nodes = [[], []];
        var work = Enumerable.Range(0, 20).Select(n => Task.Run(() => SendAsync(n < 10 ? one : two, new(rate, 8), nodes[n / 10], begin, stop.Token), Cancel)).ToList();
        await Task.Delay(TimeSpan.FromSeconds(seconds), Cancel);
        await stop.CancelAsync();
        await Task.WhenAll(work);
        List<double> starts = [.. nodes[0].Concat(nodes[1]).Order()];
        Assert.Null(PaceSimulation.Excess(starts, rate));
        var used = (starts.Count - 1) / rate / (starts[^1] - starts[0]);
        if (used >= 0.95)
        {
            Assert.All(nodes, n => Assert.InRange(n.Count, 0.25 * starts.Count, 0.75 * starts.Count));
        }

        return used;
    }

    /// <summary>Requests one after the other, each answered after 100 ms.</summary>
    private static async Task SendAsync(ProjectPacer pacer, PaceLimits limits, List<double> starts, long begin, CancellationToken stop)
    {
        try
        {
            while (true)
            {
                using var permit = await pacer.EnterAsync(limits, "sync", Hour, stop);
                lock (starts)
                    starts.Add(TimeProvider.System.GetElapsedTime(begin, permit.StartedAt).TotalSeconds);
                await Task.Delay(100, CancellationToken.None);
                pacer.Answered(permit);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // the time is over
        }
    }

    /// <summary>As if so many seconds more had passed.</summary>
    private async Task TurnBackAsync(double seconds)
    {
        await using var command = _one.CreateCommand("UPDATE rate_budget SET paused_until = paused_until - @s, last_at = last_at - @s");
        command.Parameters.AddWithValue("s", (long)(seconds * 1e6));
        await command.ExecuteNonQueryAsync(Cancel);
    }

    /// <summary>The moments of a <see cref="MemoryBudget"/>.</summary>
    private sealed class Moments
    {
        public long Last;
    }

    /// <summary>Moments as in the store, on this process's own clock and without a database in between.</summary>
    private sealed class MemoryBudget(Moments moments) : IRateBudget
    {
        public ValueTask<StartSlot> NextAsync(PaceLimits limits, int wanted) => new(Task.Run(() =>
        {
            lock (moments)
            {
                var spacing = (long)(1.04 * TimeProvider.System.TimestampFrequency / limits.RequestsPerSecond);
                var at = moments.Last = Math.Max(TimeProvider.System.GetTimestamp(), moments.Last + spacing);
                return new StartSlot(at, at + (spacing * 3 / 104), 0, limits.RequestsPerSecond, 0, 0, IsReserved: true);
            }
        }));

        public void Started(long at)
        {
        }

        public void Answered(int generation)
        {
        }

        public ValueTask<PauseNote> ThrottledAsync(Throttle throttle) => throw new NotSupportedException();
    }
}
