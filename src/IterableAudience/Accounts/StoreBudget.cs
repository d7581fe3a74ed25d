using System.Data.Common;
using IterableAudience.Iterable;
using Npgsql;

namespace IterableAudience.Accounts;

/// <summary>
/// The budget of a project that several nodes share, in one row of a PostgreSQL store and on the database's clock. One statement reserves the next
/// time that nobody has, for one start or, where several are wanted, for a short block of them; inside its block a node paces by itself.
/// </summary>
/// <remarks>
/// Starts of all nodes are never nearer to each other than the distance d = 1/rate, so that any t seconds have at most rate · t + 1:
/// <list type="bullet">
/// <item>On one node each start waits until d after the one before, by the times of the starts themselves (<see cref="StartBlock"/>).</item>
/// <item>Between nodes: the row is locked while a block is taken, and blocks don't overlap. The first start of a block comes at least d and the margin
/// (4 % of d) after the end of the block before. The last start of that came at most three quarters of a margin after its end. Each node takes off at both ends by how
/// much its idea of the database's clock may be wrong. So d and a quarter of a margin are left, for the rounding of times.</item>
/// <item>Of two accounts of the project, the slower one's d holds before its own starts: inside a block its start waits for it, or leaves the block; the margin is that of the
/// longer d of two blocks.</item>
/// <item>What a node has not used of a block, starts or time to be late in, it gives back when it reserves the next one and nobody has one behind it; that begins d and the margin after its last start, or after the end if the start came behind it.</item>
/// </list>
/// A node that is uncertain about the clock, or came late, asks for more time at the end of its block. A node that dies loses its block. The statements don't wait for the disk.
/// </remarks>
internal sealed class StoreBudget(NpgsqlDataSource source, string project, TimeProvider time) : IRateBudget
{
    private const long None = -1;
    private const int MostQuestions = 20;

    /// <summary>Microseconds.</summary>
    private const long MostLeeway = 250_000;
    private const long FadesIn = 32;
    private static readonly TimeSpan SetAgainAfter = TimeSpan.FromSeconds(5);

    private readonly DatabaseClock clock = new(time);
    private readonly Lock gate = new();
    private int answered = -1;
    private Reservation? held;
    private long? lastStart;
    private int drops;
    private long leeway;
    private long more;
    private long? lastSet;
    private long roundTrip;
    private PauseNote last;

    public ValueTask<StartSlot> NextAsync(PaceLimits limits, int wanted)
    {
        lock (gate)
        {
            if (held is { } block && block.Starts.Next(time.GetTimestamp(), Ticks(1e6 / limits.RequestsPerSecond)) is { } at)
            {
                return new(Slot(limits, at, block.Starts.Latest));
            }
        }

        return new(Task.Run(() => ReserveAsync(limits, wanted)));
    }

    public void Started(long at)
    {
        lock (gate)
        {
            lastStart = at;
            held?.Starts.Started(at);
        }
    }

    public void Answered(int generation)
    {
        lock (gate)
        {
            answered = Math.Max(answered, generation);
            last = generation == last.Generation ? last with { Strikes = 0 } : last;
        }
    }

    public ValueTask<PauseNote> ThrottledAsync(Throttle throttle) => new(Task.Run(() => NoteAsync(throttle)));

    private async Task<StartSlot> ReserveAsync(PaceLimits limits, int wanted)
    {
        await SetClockAsync(limits.RequestsPerSecond);
        while (true)
        {
            var (before, late) = (drops, Leeway(limits.RequestsPerSecond));
            await using var command = Reserve(limits.RequestsPerSecond, wanted, late);
            var asked = time.GetTimestamp();
            await using var reader = await command.ExecuteReaderAsync();
            await reader.ReadAsync();
            var got = time.GetTimestamp();
            var (now, end, distance, pausedUntil) = (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3));
            clock.Learn(asked, got, now);
            lock (gate)
            {
                roundTrip = (long)time.GetElapsedTime(asked, got).TotalMicroseconds;
                if (pausedUntil <= now)
                {
                    held = Block(end, late, distance, BlockRules.Count(distance, wanted));
                }

                if (before != drops)
                {
                    held?.Starts.Drop(); // a 429 was noted meanwhile
                    continue;
                }

                last = last with { Rate = 1e6 / distance, Strikes = reader.GetInt32(4), Generation = reader.GetInt32(5) };
                answered = answered > last.Generation ? -1 : answered; // the row was deleted, and counts anew
                return pausedUntil > now ? Slot(limits, 0, 0) with { PausedUntil = clock.Timestamp(pausedUntil) }
                    : Slot(limits, held!.Starts.Next(got, 0) ?? held.Starts.Latest + 1, held.Starts.Latest);
            }
        }
    }

    /// <summary>What was reserved, as this node may use it: what its clock may be wrong by is taken off at both ends.</summary>
    private Reservation Block(long end, long late, long distance, int count)
    {
        var first = end - late - BlockRules.Length(distance, count);
        var error = (long)Math.Ceiling(clock.Error);
        return new(
            first - distance - BlockRules.Margin(distance), end,
            new(clock.Timestamp(first + error), clock.Timestamp(end + BlockRules.Lateness(distance) - error), Ticks(distance), count, lastStart));
    }

    private StartSlot Slot(PaceLimits limits, long at, long latest)
        => new(at, latest, 0, Math.Min(limits.RequestsPerSecond, last.Rate), last.Generation, last.Strikes, IsReserved: true);

    /// <summary>
    /// How late this node may come to the end of the block that it asks for now, beside what every node may. A node whose timers or whose way to the database are slow
    /// would lose one start after the other: for each it gets more time, which the next block of anybody then waits for, and with each block that it uses a little less. What it
    /// gets for a lost start costs about as much as that start, until it has faded; at most two distances, or as long as the database's last answer took: a block that is over before its
    /// answer comes is of no use. And it gets at least as much as it takes for the clock's uncertainty not to use up the block.
    /// </summary>
    private long Leeway(double perSecond)
    {
        var distance = (long)(1e6 / perSecond);
        lock (gate)
        {
            var missed = held is { } block && block.Starts.TakeMissed();
            more = missed && more > 0 ? Math.Min(more * 2, MostLeeway) : distance / FadesIn;
            leeway = Math.Min(
                missed ? leeway + more : leeway * (FadesIn - 1) / FadesIn,
                Math.Max(roundTrip, Math.Min(2 * distance, MostLeeway)));
            more = missed ? more : 0;
            return Math.Max(leeway, (long)((clock.Error * 2) - (BlockRules.Lateness(distance) / 2)));
        }
    }

    /// <summary>Asks the database for its time until that is known well enough for starts so far apart; a few times, and not again at once.</summary>
    private async Task SetClockAsync(double perSecond)
    {
        var enough = BlockRules.Lateness((long)(1e6 / perSecond)) / 4.0;
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

    private async Task<PauseNote> NoteAsync(Throttle throttle)
    {
        try
        {
            await using var command = Command(
                StoreBudgetSql.Throttle,
                ("rps", throttle.RequestsPerSecond), ("generation", throttle.Generation), ("jitter", throttle.Jitter),
                ("after", throttle.RetryAfter?.TotalSeconds ?? -1), ("base", throttle.BackoffBase.TotalSeconds));
            await using var reader = await command.ExecuteReaderAsync();
            if (!await reader.ReadAsync())
            {
                return OwnPause(throttle); // the row was deleted: the next start makes it anew
            }

            lock (gate)
            {
                last = new(
                    TimeSpan.FromMicroseconds(reader.GetInt64(0)), Math.Min(throttle.RequestsPerSecond, reader.GetDouble(1)), reader.GetInt32(2), reader.GetInt32(3));
                return last;
            }
        }
        catch (Exception e) when (e is DbException or System.Net.Sockets.SocketException or TimeoutException)
        {
            // The next start has to be asked of the store, too, and whoever waits for it learns of the trouble there.
            return OwnPause(throttle);
        }
        finally
        {
            lock (gate)
            {
                drops++; // the same for a block that is being asked for
                held?.Starts.Drop();
            }
        }
    }

    /// <summary>What a 429 means for this node when the store has no word on it.</summary>
    private PauseNote OwnPause(Throttle throttle) => last with { Pause = throttle.RetryAfter ?? Backoff.After(1, throttle.BackoffBase, throttle.Jitter) };

    /// <summary>The statement that reserves; it gives back what is left of the last block, starts or time, which isn't used any more.</summary>
    private NpgsqlCommand Reserve(double perSecond, int wanted, long late)
    {
        lock (gate)
        {
            held?.Starts.Drop();
            var (unused, used) = held is not { } left ? (None, None)
                : (left.End, left.Starts.LastStart is { } start ? Math.Min(left.End, clock.Microseconds(start) + (long)Math.Ceiling(clock.Error)) : left.Before);
            return Command(
                StoreBudgetSql.Reserve,
                ("rps", perSecond), ("count", (long)wanted), ("late", late), ("unused", unused), ("used", used), ("longest", BlockRules.Longest),
                ("slack", BlockRules.SlackPart), ("margin", BlockRules.MarginPart), ("least_margin", BlockRules.LeastMargin));
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
        }

        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }

        return command;
    }

    private long Ticks(double microseconds) => (long)Math.Ceiling(microseconds * time.TimestampFrequency / 1e6);

    /// <param name="Before">The time before it that was free when it was taken, on the database's clock: a block that nothing was used of begins again behind this.</param>
    /// <param name="End">What the row says, as long as nobody has a later one.</param>
    /// <param name="Starts">The block itself.</param>
    private sealed record Reservation(long Before, long End, StartBlock Starts);
}
