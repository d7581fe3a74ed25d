using CsCheck;
using IterableAudience.Accounts;
using IterableAudience.Iterable;
using IterableAudience.Tests.Iterable;
using IterableAudience.Tests.Stores;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Xunit;

namespace IterableAudience.Tests.Accounts;

/// <summary>Blocks of starts in a PostgreSQL store, taken by two nodes. The nodes and the server have one clock, which the tests turn.</summary>
public sealed class StoreBlockTests : IAsyncLifetime
{
    private const double Distance = 40; // ms, at 25 requests a second
    private static readonly PaceLimits Limits = new(25, 8);

    private readonly FakeTimeProvider _time = new(DateTimeOffset.MinValue); // timestamps begin at 0
    private TestStore? _store;
    private NpgsqlDataSource _plain = null!;
    private NpgsqlDataSource _turned = null!;
    private StoreBudget _one = null!;
    private StoreBudget _two = null!;
    private TimeSpan _putBack;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private double Now => Milliseconds(_time.GetTimestamp());

    public async ValueTask InitializeAsync()
    {
        _store = TestStore.Postgres();
        _plain = NpgsqlDataSource.Create(_store.ConnectionString);
        await ExecuteAsync(
            """
            CREATE SCHEMA turned;
            CREATE TABLE turned.clock (us bigint NOT NULL);
            INSERT INTO turned.clock VALUES (0);
            CREATE FUNCTION turned.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS
                $$ SELECT timestamptz '2026-01-01' + us * interval '1 microsecond' FROM turned.clock $$
            """);
        _turned = NpgsqlDataSource.Create(_store.ConnectionString + ";Search Path=turned,pg_catalog,public");
        (_one, _two) = (Budget("project"), Budget("project"));
    }

    [Theory]
    [InlineData(25, 10, 6)]
    [InlineData(25, 4, 4)]
    [InlineData(8, 10, 2)]
    [InlineData(7, 10, 1)]
    [InlineData(100, 10, 10)]
    [InlineData(100, 99, 25)]
    public async Task A_block_has_the_starts_that_are_wanted_and_is_no_longer_than_a_quarter_of_a_second(double rate, int wanted, int starts)
    {
        await StartAsync(_one, new(rate, 99), wanted);
        var end = await EndAsync();
        for (var start = 1; start < starts; start++)
            await StartAsync(_one, new(rate, 99), wanted);
        Assert.Equal(end, await EndAsync());
        await StartAsync(_one, new(rate, 99), wanted);
        Assert.NotEqual(end, await EndAsync());
    }

    [Fact]
    public async Task Starts_that_come_late_inside_a_block_are_made_good_and_none_is_lost()
    {
        var mine = await StartAsync(_one, Limits, 6, late: 1);
        var others = await _two.NextAsync(Limits, 6);
        List<double> starts = [mine];
        foreach (var late in new[] { 2.0, 0, 1.5, 0, 1 })
            starts.Add(await StartAsync(_one, Limits, 6, late));
        Assert.Equal(5.5 + (5 * Distance), starts[^1] - mine + 1, 3); // the lateness adds up, and nothing else
        Assert.InRange(Milliseconds(others.At) - starts[^1], Distance, Distance + 6);
        Assert.True((await _one.NextAsync(Limits, 1)).At > others.At);
    }

    [Fact]
    public async Task What_no_longer_fits_into_a_block_is_lost_and_the_next_block_gets_time_to_be_late_in()
    {
        await StartAsync(_one, Limits, 6);
        var others = await _two.NextAsync(Limits, 1);
        for (var start = 1; start < 5; start++)
            await StartAsync(_one, Limits, 6, late: start == 3 ? 20 : 0);
        var slot = await _one.NextAsync(Limits, 1);
        Assert.True(slot.At > others.At);
        Assert.Equal(1.2 + (Distance / 32), Milliseconds(slot.Latest - slot.At), 3);
    }

    [Fact]
    public async Task The_rest_of_a_block_is_given_back_from_the_last_start_on_unless_another_node_has_a_later_one()
    {
        await StartAsync(_one, Limits, 6);
        var last = await StartAsync(_one, Limits, 6);
        await _one.ThrottledAsync(Pause(0)); // the rest is dropped
        var next = await _one.NextAsync(Limits, 6);
        Assert.InRange(Milliseconds(next.At) - last, Distance, 1.05 * Distance / RateRules.Nudge);

        var others = await _two.NextAsync(Limits, 1);
        await _one.ThrottledAsync(Pause(0, generation: 1));
        Assert.True((await _one.NextAsync(Limits, 6)).At > others.At);
    }

    [Fact]
    public async Task The_time_to_be_late_in_is_given_back_by_a_node_that_was_not_late()
    {
        for (var start = 0; start < 6; start++)
            await StartAsync(_one, Limits, 6);
        Assert.InRange(Milliseconds((await _one.NextAsync(Limits, 6)).At) - Now, 1.04 * Distance, (1.04 * Distance) + 0.1); // clocks drift apart
    }

    [Fact]
    public async Task A_last_start_that_came_a_little_late_does_not_move_the_next_block()
    {
        var due = await StartAsync(_one, Limits, 1, late: 1) - 1;
        Assert.Equal(1.04 * Distance, Milliseconds((await _one.NextAsync(Limits, 1)).At) - due, 3);
    }

    [Fact]
    public async Task Answers_that_come_later_than_a_block_is_long_cost_some_starts_and_not_all_and_later_ones_nothing()
    {
        await StartAsync(_one, Limits, 1);
        await ExecuteAsync(
            """
            CREATE FUNCTION turned.hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NEW; END $$;
            CREATE TRIGGER hold BEFORE UPDATE ON rate_budget FOR EACH ROW EXECUTE FUNCTION turned.hold()
            """);
        var (slot, tries) = (new StartSlot(0, -1, 0, 0, 0, 0, true), 0);
        while (slot.Latest < _time.GetTimestamp())
        {
            Assert.True(++tries < 15, "nothing ever starts");
            slot = await ToldLateAsync(_one, 400);
        }

        await PassToAsync(slot.At);
        _one.Started(_time.GetTimestamp());
        await ExecuteAsync("DROP TRIGGER hold ON rate_budget");
        await _one.ThrottledAsync(Pause(0)); // the rest is dropped
        await StartAsync(_one, Limits, 1);
        Assert.InRange(Milliseconds((await _one.NextAsync(Limits, 1)).At) - Now, 0, 2 * Distance);
        Assert.InRange(Milliseconds((await _two.NextAsync(Limits, 1)).At) - Now, 0, 6 * Distance);
    }

    [Fact]
    public async Task A_block_of_which_nothing_was_used_is_given_back_unless_another_node_has_a_later_one()
    {
        await StartAsync(_two, Limits, 6); // keeps the row's end ahead
        var missed = await _one.NextAsync(Limits, 6);
        await PassToAsync(missed.Latest + 1);
        await StartAsync(_one, Limits, 6);
        Assert.InRange(Now, Milliseconds(missed.Latest), Milliseconds(missed.Latest) + 10);

        missed = await _one.NextAsync(new(2, 8), 1);
        var end = await EndAsync();
        await _one.ThrottledAsync(Pause(0));
        var again = await _one.NextAsync(new(2, 8), 1);
        Assert.InRange(Milliseconds(again.At - missed.At), 0, 500); // not behind it
        await _two.NextAsync(Limits, 1);
        await _one.ThrottledAsync(Pause(0, generation: 1));
        await _one.NextAsync(new(2, 8), 1);
        Assert.InRange(await EndAsync() - end, 500_000, 5_000_000);
    }

    [Fact]
    public async Task A_429_drops_the_rest_of_the_block()
    {
        await StartAsync(_one, Limits, 6);
        await _one.NextAsync(Limits, 6);
        await _one.ThrottledAsync(Pause(0.1));
        var slot = await _one.NextAsync(Limits, 6);
        Assert.Equal((Now + 100, 1, 1), (Math.Round(Milliseconds(slot.PausedUntil), 3), slot.Generation, slot.Strikes));
    }

    [Fact]
    public async Task An_answer_ends_a_series_of_429_for_the_rest_of_the_block_too()
    {
        await StartAsync(_one, Limits, 1);
        await _one.ThrottledAsync(Pause(0));
        await StartAsync(_two, Limits, 6);
        Assert.Equal(1, (await _two.NextAsync(Limits, 6)).Strikes);
        _two.Answered(1);
        Assert.Equal(0, (await _two.NextAsync(Limits, 6)).Strikes);
    }

    [Fact]
    public async Task A_small_sync_on_the_other_node_waits_no_longer_than_a_block()
    {
        for (var start = 0; start < 25; start++)
        {
            await StartAsync(_one, Limits, 100);
        }

        await _one.NextAsync(Limits, 100);
        var others = await _two.NextAsync(Limits, 1);
        Assert.InRange(Milliseconds(others.At) - Now, 0, 250 + (2 * Distance));
    }

    [Fact]
    public async Task A_single_start_is_reserved_a_distance_and_four_percent_on_and_may_be_three_late()
    {
        await StartAsync(_one, Limits, 1);
        var first = Now;
        foreach (var node in new[] { _two, _one, Budget("project") })
        {
            var slot = await node.NextAsync(Limits, 1);
            first += 1.04 * Distance;
            Assert.Equal(first, Milliseconds(slot.At), 3);
            Assert.Equal(0.03 * Distance, Milliseconds(slot.Latest - slot.At), 3);
            Assert.True(slot.IsReserved);
        }
    }

    [Fact]
    public async Task A_slower_account_keeps_its_own_distance_inside_a_block_of_a_faster_one()
    {
        var last = await StartAsync(_one, Limits, 6);
        Assert.Equal(100, Milliseconds((await _one.NextAsync(new(10, 8), 1)).At) - last, 3);
        Assert.Equal(40, Milliseconds((await _one.NextAsync(Limits, 1)).At) - last, 3);

        // What doesn't fit leaves the block, which is given back.
        await StartAsync(_one, new(2, 8), 1);
        Assert.InRange(Now - last, 500, 550);
    }

    [Fact]
    public async Task Two_nodes_that_come_a_little_late_use_the_budget_and_take_turns()
    {
        var random = new Random(1);
        var starts = await RunAsync("busy", 200, random, () => (Limits, 6), () => random.NextDouble(), pauses: false);
        Assert.Null(PaceSimulation.Excess([.. starts.Select(s => s.At)], 25));
        Assert.InRange((starts.Count - 1) / 25.0 / (starts[^1].At - starts[0].At), 0.965, 1);
        Assert.InRange(starts.Count(s => s.Node == 0), 90, 110);
    }

    [Fact]
    public async Task No_start_is_nearer_to_the_last_one_of_any_node_than_its_account_allows()
    {
        var number = 0;
        await Gen.Int[0, int.MaxValue].SampleAsync(async seed =>
        {
            var random = new Random(seed);
            var starts = await RunAsync(
                $"project-{number++}", 60, random,
                () => (new(random.Next(4) == 0 ? 7 : 25, 8), random.Next(1, 9)),
                () => random.Next(10) switch { 0 => 80, < 4 => 6, _ => 0.6 } * random.NextDouble(),
                pauses: true);
            foreach (var (before, start) in starts.Zip(starts.Skip(1)))
                Assert.True(start.At - before.At >= (1 / start.Rate) - 1e-6, $"{start.At - before.At} s apart at {start.Rate}/s");
            return true;
        }, iter: 12, threads: 1);
    }

    [Fact]
    public async Task A_server_clock_that_was_put_back_holds_up_neither_a_node_with_an_unused_rest_nor_a_pause()
    {
        await StartAsync(_one, Limits, 6);
        await PutBackAsync(TimeSpan.FromHours(1));
        Assert.InRange(Milliseconds((await _one.NextAsync(Limits, 6)).At) - Now, 0, 3 * Distance);

        await _one.ThrottledAsync(Pause(30));
        await PutBackAsync(TimeSpan.FromHours(2));
        Assert.InRange(Milliseconds((await _two.NextAsync(Limits, 6)).PausedUntil) - Now, 1, 30_000);
    }

    [Fact]
    public async Task A_row_that_was_deleted_is_made_anew_and_an_answer_ends_its_429s()
    {
        await StartAsync(_one, Limits, 1);
        await _one.ThrottledAsync(Pause(0));
        await _one.ThrottledAsync(Pause(0, generation: 1));
        _one.Answered(2);
        await ExecuteAsync("DELETE FROM rate_budget");
        Assert.Equal(7, (await _one.ThrottledAsync(Pause(7, generation: 2))).Pause.TotalSeconds);
        Assert.Equal(0, (await _one.NextAsync(Limits, 1)).Generation);
        Assert.Equal(1, (await _one.ThrottledAsync(Pause(0))).Strikes);
        _one.Answered(1);
        Assert.Equal(0, (await _one.NextAsync(Limits, 1)).Strikes);
    }

    [Fact]
    public async Task A_much_faster_account_of_the_project_does_not_forget_the_start_of_a_slow_one()
    {
        var slow = new PaceLimits(0.005, 4);
        await StartAsync(_one, slow, 1);
        var next = await _one.NextAsync(slow, 1);
        Assert.True((await _two.NextAsync(Limits, 1)).At > next.At);
    }

    public async ValueTask DisposeAsync()
    {
        if (_store is null)
            return;
        await _turned.DisposeAsync();
        await _plain.DisposeAsync();
        _store.Delete();
    }

    private static Throttle Pause(double seconds, int generation = 0) => new(generation, 25, TimeSpan.FromSeconds(seconds), TimeSpan.FromSeconds(1), 0.5);

    /// <summary>Two nodes at work: each waits for its next start, comes late for it, and asks again at once or, with pauses, sometimes later; with pauses there are 429s, too.</summary>
    private async Task<List<(double At, double Rate, int Node)>> RunAsync(
        string project, int count, Random random, Func<(PaceLimits Limits, int Wanted)> next, Func<double> late, bool pauses)
    {
        List<(double At, double Rate, int Node)> starts = [];
        StoreBudget[] nodes = [Budget(project), Budget(project)];
        var asked = new (StartSlot Slot, PaceLimits Limits, long At)?[2];
        long[] free = [0, 0];
        while (starts.Count < count)
        {
            var node = (asked[0]?.At ?? free[0]) <= (asked[1]?.At ?? free[1]) ? 0 : 1;
            await PassToAsync(asked[node]?.At ?? free[node]);
            var now = _time.GetTimestamp();
            if (asked[node] is not { } waiting)
            {
                var (limits, wanted) = next();
                var slot = await nodes[node].NextAsync(limits, wanted);
                asked[node] = (slot, limits, Math.Max(now, Math.Max(slot.At, slot.PausedUntil)) + Ticks(late()));
                continue;
            }

            asked[node] = null;
            free[node] = now + (pauses && random.Next(6) == 0 ? Ticks(300 * random.NextDouble()) : 0);
            if (waiting.Slot.PausedUntil == 0 && now <= waiting.Slot.Latest)
            {
                nodes[node].Started(now);
                starts.Add((now / (double)_time.TimestampFrequency, waiting.Limits.RequestsPerSecond, node));
                if (pauses && random.Next(20) == 0)
                    await nodes[node].ThrottledAsync(Pause(random.Next(2) * 0.1, waiting.Slot.Generation));
            }
        }

        return starts;
    }

    /// <summary>The next start, used so late; when it was.</summary>
    private async Task<double> StartAsync(StoreBudget budget, PaceLimits limits, int wanted, double late = 0)
    {
        var slot = await budget.NextAsync(limits, wanted);
        await PassToAsync(slot.At + Ticks(late));
        Assert.True(_time.GetTimestamp() <= slot.Latest);
        budget.Started(_time.GetTimestamp());
        return Now;
    }

    /// <summary>The next start, told so much later than the database said it: a trigger holds up the answer.</summary>
    private async Task<StartSlot> ToldLateAsync(StoreBudget budget, double milliseconds)
    {
        await using var holder = await _plain.OpenConnectionAsync(Cancel);
        await using var hold = new NpgsqlCommand("SELECT pg_advisory_lock(1)", holder);
        await hold.ExecuteNonQueryAsync(Cancel);
        var asked = budget.NextAsync(Limits, 6).AsTask();
        await using var waits = new NpgsqlCommand("SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)", holder);
        while (!(bool)(await waits.ExecuteScalarAsync(Cancel))!)
            await Task.Delay(1, Cancel);
        await PassToAsync(_time.GetTimestamp() + Ticks(milliseconds));
        hold.CommandText = "SELECT pg_advisory_unlock(1)";
        await hold.ExecuteNonQueryAsync(Cancel);
        return await asked;
    }

    /// <summary>A second later the server's clock is so much behind what it would be.</summary>
    private Task PutBackAsync(TimeSpan by)
    {
        _putBack = by;
        return PassToAsync(_time.GetTimestamp() + _time.TimestampFrequency);
    }

    private async Task PassToAsync(long timestamp)
    {
        if (timestamp > _time.GetTimestamp())
            _time.Advance(_time.GetElapsedTime(_time.GetTimestamp(), timestamp));
        await ExecuteAsync($"UPDATE turned.clock SET us = {(_time.GetTimestamp() / (_time.TimestampFrequency / 1_000_000)) - (long)_putBack.TotalMicroseconds}");
    }

    private async Task<long> EndAsync()
    {
        await using var command = _plain.CreateCommand("SELECT last_at FROM rate_budget");
        return (long)(await command.ExecuteScalarAsync(Cancel))!;
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var command = _plain.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Cancel);
    }

    private StoreBudget Budget(string project) => new(_turned, project, _time);

    private double Milliseconds(long timestamp) => timestamp * 1000.0 / _time.TimestampFrequency;

    private long Ticks(double milliseconds) => (long)(milliseconds / 1000 * _time.TimestampFrequency);
}
