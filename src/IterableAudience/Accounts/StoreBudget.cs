using System.Data.Common;
using IterableAudience.Iterable;
using Npgsql;

namespace IterableAudience.Accounts;

/// <summary>
/// The budget of a project that several nodes share, in one row of a PostgreSQL store and on the database's clock. A start is reserved by one
/// statement, when it is needed: the next moment at the project's rate that nobody has. Moments are 4 % further apart than the budget asks for, and who
/// comes later than 3 % of the distance, or than the time that he asked for besides, lets his go: so two starts of different nodes are never nearer than they may be, though each
/// node's idea of the database's clock, and its timers, are a little off.
/// </summary>
/// <remarks>A moment that was let go is given back with the next reservation, if nobody has one behind it. A node that dies loses the one that it had. The statements don't wait for the disk.</remarks>
internal sealed class StoreBudget(NpgsqlDataSource source, string project, TimeProvider time) : IRateBudget
{
    private const double Spread = 1.04;
    private const double Lateness = 0.03;

    /// <summary>Above 30 requests a second, where three percent are less than this, a start may come this much too near to the next one.</summary>
    private const long LeastLateness = 1000;

    private const long None = -1;
    private const int MostQuestions = 20;

    /// <summary>Microseconds.</summary>
    private const long MostLeeway = 250_000;
    private static readonly TimeSpan SetAgainAfter = TimeSpan.FromSeconds(5);

    private readonly DatabaseClock clock = new(time);
    private readonly Lock gate = new();
    private int answered = -1;
    private long unused = None;
    private long wasLate;
    private long leeway;
    private long? lastSet;
    private PauseNote last;

    public ValueTask<StartSlot> NextAsync(PaceLimits limits) => new(Task.Run(() => ReserveAsync(limits.RequestsPerSecond)));

    public void Started(long at)
    {
        lock (gate)
        {
            unused = None;
        }
    }

    public void Answered(int generation)
    {
        lock (gate)
        {
            answered = Math.Max(answered, generation);
        }
    }

    public ValueTask<PauseNote> ThrottledAsync(Throttle throttle) => new(Task.Run(() => NoteAsync(throttle)));

    private async Task<StartSlot> ReserveAsync(double perSecond)
    {
        await SetClockAsync(perSecond);
        var (late, was) = Leeway(perSecond);
        await using var command = Command(StoreBudgetSql.Reserve, ("spread", Spread * 1e6), ("rps", perSecond), ("late", late), ("was_late", was));
        var asked = time.GetTimestamp();
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        var got = time.GetTimestamp();
        var (now, end, spacing, pausedUntil) = (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3));
        var at = end - late;
        clock.Learn(asked, got, now);
        lock (gate)
        {
            (unused, wasLate) = pausedUntil > now ? (unused, wasLate) : (end, late);
        }

        last = last with { Rate = 1e6 * Spread / spacing, Strikes = reader.GetInt32(4), Generation = reader.GetInt32(5) };

        // Not before the moment has come for certain and not after the last one that may do, unless the clock is too uncertain to tell both.
        var latest = late + Late(spacing);
        var error = clock.Error * 2 <= latest ? (long)clock.Error : 0;
        return new(
            clock.Timestamp(at + error), clock.Timestamp(at + latest - error), pausedUntil > now ? clock.Timestamp(pausedUntil) : 0,
            Math.Min(perSecond, last.Rate), last.Generation, last.Strikes, IsReserved: true);
    }

    /// <summary>
    /// How late this node may come to the moment it asks for now, and could come to the last one. A node whose timers or whose way to the database are slow for a while
    /// would let go one moment after the other: for each it gets twice the time, which the next moment then waits for; with each that it uses, less.
    /// </summary>
    private (long Late, long Was) Leeway(double perSecond)
    {
        lock (gate)
        {
            leeway = unused != None ? Math.Min(Math.Max(LeastLateness, leeway * 2), Math.Min((long)(2e6 / perSecond), MostLeeway))
                : leeway > LeastLateness ? leeway * 7 / 8 : 0;
            return (leeway, wasLate);
        }
    }

    /// <summary>Asks the database for its time until that is known well enough for moments so far apart; a few times, and not again at once.</summary>
    private async Task SetClockAsync(double perSecond)
    {
        var enough = Late((long)(1e6 * Spread / perSecond)) / 4.0;
        if (clock.Error <= enough || (lastSet is { } set && time.GetElapsedTime(set) < SetAgainAfter))
        {
            return;
        }

        await using var connection = await source.OpenConnectionAsync();
        for (var question = 0; question < MostQuestions && clock.Error > enough; question++)
        {
            await using var command = new NpgsqlCommand(StoreBudgetSql.Time, connection) { CommandTimeout = 10 };
            var asked = time.GetTimestamp();
            var now = (long)(await command.ExecuteScalarAsync())!;
            clock.Learn(asked, time.GetTimestamp(), now);
        }

        lastSet = time.GetTimestamp();
    }

    private static long Late(long spacing) => Math.Max(LeastLateness, (long)(spacing * Lateness / Spread));

    private async Task<PauseNote> NoteAsync(Throttle throttle)
    {
        try
        {
            await using var command = Command(
                StoreBudgetSql.Throttle,
                ("rps", throttle.RequestsPerSecond), ("generation", throttle.Generation), ("jitter", throttle.Jitter),
                ("after", throttle.RetryAfter?.TotalSeconds ?? -1), ("base", throttle.BackoffBase.TotalSeconds));
            await using var reader = await command.ExecuteReaderAsync();
            await reader.ReadAsync();
            last = new(
                TimeSpan.FromMicroseconds(reader.GetInt64(0)), Math.Min(throttle.RequestsPerSecond, reader.GetDouble(1)), reader.GetInt32(2), reader.GetInt32(3));
            return last;
        }
        catch (Exception e) when (e is DbException or System.Net.Sockets.SocketException or TimeoutException)
        {
            // The next start has to be asked of the store, too, and whoever waits for it learns of the trouble there.
            return last with { Pause = throttle.RetryAfter ?? Backoff.After(1, throttle.BackoffBase, throttle.Jitter) };
        }
    }

    private NpgsqlCommand Command(string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        var command = source.CreateCommand(sql);
        command.CommandTimeout = 10;
        command.Parameters.AddWithValue("project", project);
        lock (gate)
        {
            command.Parameters.AddWithValue("answered", answered);
            command.Parameters.AddWithValue("unused", unused);
        }

        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }

        return command;
    }
}
