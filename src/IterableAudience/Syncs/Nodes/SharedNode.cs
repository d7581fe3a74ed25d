using System.Data.Common;
using IterableAudience.Iterable;
using IterableAudience.Store;
using IterableAudience.Syncs.Report;
using Microsoft.Extensions.Options;

namespace IterableAudience.Syncs.Nodes;

/// <summary>
/// One of several processes on a PostgreSQL store. It renews a lease, on the database's clock, of one and a half attempt timeouts, and starts a request only
/// while the lease outlives an attempt; a successor waits for the lease to end and for one attempt timeout more. So a node that was frozen or cut off and
/// comes back has no request on the wire when its syncs go on elsewhere, starts none, and its writes are refused.
/// </summary>
/// <remarks>What it believes of its lease counts from before the statement that renewed it, on a clock that goes on while the process is stopped.</remarks>
internal sealed partial class SharedNode(
    LeanStore store, SyncMonitor monitor, LastCall lastCall, IOptions<IterableOptions> options, TimeProvider time, ILogger<SharedNode> logger) : NodeClaims, IHostedService, IDisposable
{
    private const string Now = "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)";

    /// <summary>A node that is gone for so long, and has no sync, is forgotten.</summary>
    private static readonly TimeSpan Remembered = TimeSpan.FromHours(1);

    /// <summary>Longer than any sync is stored and not yet known here.</summary>
    private static readonly TimeSpan Unanswered = TimeSpan.FromSeconds(15);

    /// <summary>For giving back what is claimed, at the end. Its own: those who stopped before may have used up all of theirs.</summary>
    private static readonly TimeSpan TimeToRelease = TimeSpan.FromSeconds(4);

    /// <summary>The word of a stop gets around in less: nobody starts a request later than this.</summary>
    private static readonly TimeSpan WordOfStop = TimeSpan.FromSeconds(1);

    private readonly TimeSpan _attempt = options.Value.AttemptTimeout;
    private readonly CancellationTokenSource _stop = new();
    private Task _beating = Task.CompletedTask;
    private Lease? _lease;
    private bool _isLate;
    private readonly Dictionary<long, long> _orphans = [];
    private volatile int _liveNodes = 1;

    public override bool IsOpen => Volatile.Read(ref _lease) is { } lease && lease.Left(time) >= _attempt;

    public override int LiveNodes => _liveNodes;

    public override TimeSpan? Patrol => Beat;

    private TimeSpan LeaseTime => _attempt * 1.5;

    private TimeSpan Beat => TimeSpan.FromSeconds(Math.Clamp(_attempt.TotalSeconds / 5, 0.1, 1));

    public override async Task WhenOpenAsync(CancellationToken stop)
    {
        while (!IsOpen)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), time, stop);
        }
    }

    /// <summary>Before anything else of the service: the node is known when it takes its first sync.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await RenewAsync(cancellationToken);
        _beating = Task.Run(BeatAsync, CancellationToken.None);
    }

    /// <summary>
    /// After everything else: what is still open is free at once. Only syncs of which a request may still be on the wire are kept until that one would have timed
    /// out: the lease ends here, and what is left of an attempt since the stop is its grace.
    /// </summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        using var end = new CancellationTokenSource(TimeToRelease, time);
        await _stop.CancelAsync();
        try
        {
            await _beating.WaitAsync(end.Token);
            Volatile.Write(ref _lease, null);
            var kept = monitor.Running.Where(s => s.MayBeOnTheWire).Select(s => s.No).ToArray();
            await store.WriteAsync(write => Release(write, kept), durable: true, end.Token).WaitAsync(end.Token);
            if (kept.Length > 0)
            {
                Log.Kept(logger, kept.Length);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException || StoreTrouble.Is(e))
        {
            Log.NotReleased(logger, e.GetType().Name);
        }
    }

    private void Release(DbConnection write, long[] kept)
    {
        write.Run(
            """UPDATE sync SET "ClaimedBy" = NULL, "ClaimEpoch" = "ClaimEpoch" + 1 WHERE "ClaimedBy" = @me AND "Active" AND "No" <> ALL(@k)""", ("@me", Id), ("@k", kept));
        if (kept.Length == 0)
        {
            write.Run("""DELETE FROM node WHERE "Id" = @me""", ("@me", Id));
            return;
        }

        var left = _attempt + WordOfStop - lastCall.StoppingFor;
        write.Run($"""UPDATE node SET "Until" = {Now} - 1, "Grace" = @g WHERE "Id" = @me""", ("@g", (long)Math.Max(0, left.TotalMilliseconds)), ("@me", Id));
    }

    public override async Task<IReadOnlyList<TakenSync>> TakeOverAsync(CancellationToken cancel)
    {
        List<TakenSync> taken = [];
        foreach (var (sync, owner, epoch) in store.Read(c => c.Rows(
            $"""
            SELECT s."No", s."Id", s."Phase", s."FromSource", s."ClaimedBy", s."ClaimEpoch" FROM sync s LEFT JOIN node n ON n."Id" = s."ClaimedBy"
            WHERE s."Active" AND s."ClaimedBy" IS DISTINCT FROM @me AND (n."Id" IS NULL OR n."Until" + n."Grace" < {Now})
            ORDER BY s."No"
            """,
            r => (new TakenSync(r.GetInt64(0), r.GetString(1), (SyncPhase)r.GetInt32(2), r.GetBoolean(3)), r.IsDBNull(4) ? null : r.GetString(4), r.GetInt64(5)),
            ("@me", Id))))
        {
            if (await store.WriteAsync(write => TryTake(write, sync.No, owner, epoch), durable: true, cancel) is { } phase)
            {
                taken.Add(sync with { Phase = phase });
                Log.TakenOver(logger, sync.Id, owner ?? "nobody");
            }
        }

        foreach (var sync in Orphans())
        {
            taken.AddRange(await store.WriteAsync(
                write => write.Run(
                    """UPDATE sync SET "ClaimEpoch" = "ClaimEpoch" + 1 WHERE "No" = @s AND "Active" AND "ClaimedBy" = @me""", ("@s", sync), ("@me", Id)) == 0
                        ? []
                        : write.Rows(
                            """SELECT "No", "Id", "Phase", "FromSource" FROM sync WHERE "No" = @s""",
                            r => new TakenSync(r.GetInt64(0), r.GetString(1), (SyncPhase)r.GetInt32(2), r.GetBoolean(3)),
                            ("@s", sync)),
                durable: false,
                cancel));
        }

        return taken;
    }

    /// <summary>Syncs of this node that it doesn't work on: the store took them, and the connection broke before it could say so.</summary>
    private List<long> Orphans()
    {
        lock (_orphans)
        {
            var old = _orphans.Where(o => time.GetElapsedTime(o.Value) > Unanswered).Select(o => o.Key).ToList();
            old.ForEach(o => _orphans.Remove(o));
            return old;
        }
    }

    private void NoteOrphans(IEnumerable<long> mine)
    {
        lock (_orphans)
        {
            var unknown = mine.Where(s => monitor.Find(s) is null).ToHashSet();
            foreach (var gone in _orphans.Keys.Where(o => !unknown.Contains(o)).ToList())
            {
                _orphans.Remove(gone);
            }

            foreach (var sync in unknown)
            {
                _orphans.TryAdd(sync, time.GetTimestamp());
            }
        }
    }

    public void Dispose() => _stop.Cancel();

    /// <summary>A write of the old owner that is under way has the lock: it is let through, and the next round tries again. The server ends transactions that stand still, but not while it waits for the rows of a COPY: we do.</summary>
    private SyncPhase? TryTake(DbConnection write, long sync, string? owner, long epoch)
    {
        if (write.Count($"SELECT CAST(pg_try_advisory_xact_lock({PostgresStore.ClaimLock}, CAST(@s AS INTEGER)) AS INTEGER)", ("@s", sync)) == 0)
        {
            write.Rows(
                $"""
                SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
                WHERE l.locktype = 'advisory' AND l.granted AND l.classid = CAST({PostgresStore.ClaimLock} AS oid) AND l.objid = CAST(@s AS oid)
                  AND a.datname = current_database() AND a.xact_start < clock_timestamp() - interval '15 seconds'
                """,
                r => r.GetBoolean(0),
                ("@s", sync));
            return null;
        }

        // Whoever renews a lease changes this row: from here on it is either renewed, and then seen, or waits for us, and then sees what it has lost.
        write.Rows("""SELECT "Until" FROM node WHERE "Id" = @o FOR UPDATE""", r => r.GetInt64(0), ("@o", owner ?? ""));
        return write.Rows(
            $"""
            UPDATE sync SET "ClaimedBy" = @me, "ClaimEpoch" = "ClaimEpoch" + 1
            WHERE "No" = @s AND "Active" AND "ClaimEpoch" = @e
              AND NOT EXISTS (SELECT 1 FROM node WHERE "Id" = @o AND "Until" + "Grace" >= {Now})
            RETURNING "Phase"
            """,
            r => (SyncPhase?)r.GetInt32(0), ("@me", Id), ("@s", sync), ("@e", epoch), ("@o", owner ?? "")).FirstOrDefault();
    }

    private async Task BeatAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            await Task.Delay(Beat, time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_stop.IsCancellationRequested)
            {
                return;
            }

            try
            {
                await RenewAsync(_stop.Token);
                if (_isLate)
                {
                    _isLate = false;
                    Log.Back(logger);
                }
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // whatever keeps the lease from being renewed, it is tried again; without a lease nothing is sent
            catch (Exception e)
#pragma warning restore CA1031
            {
                if (!_isLate)
                {
                    _isLate = true;
                    Log.Late(logger, e.GetType().Name);
                }
            }
        }
    }

    private async Task RenewAsync(CancellationToken cancel)
    {
        // Syncs that this process makes meanwhile are not in the answer, and not lost.
        var known = monitor.Known;
        var told = monitor.Told();
        var lease = Lease.From(time, LeaseTime);
        var (nodes, mine) = await store.WriteAsync(write => Renew(write, told), durable: false, cancel);
        foreach (var sync in known.Where(s => !mine.ContainsKey(s)))
        {
            monitor.Lose(sync);
        }

        foreach (var (sync, cancelRequested) in mine)
        {
            if (cancelRequested && monitor.Find(sync) is { } progress)
            {
                await progress.Stop.CancelAsync();
            }
        }

        NoteOrphans(mine.Keys);
        _liveNodes = nodes;
        Volatile.Write(ref _lease, lease); // last: whoever sends after this is known to own what it sends for
        monitor.Elsewhere = store.Read(ReadElsewhere);
    }

    /// <summary>A few words of each sync that others work on: found by the index over active syncs, and cut out of what was told by the server.</summary>
    private List<(string Project, Estimate.Part Part)> ReadElsewhere(DbConnection read)
        => read.Rows(
            """
            SELECT "No", "ListNo", open FROM
              (SELECT "No", "ListNo", CAST("ProgressJson" AS JSON) ->> 'open' AS open FROM sync WHERE "Active" AND "ClaimedBy" IS DISTINCT FROM @me AND "ProgressJson" IS NOT NULL) told
            WHERE open IS NOT NULL
            """,
            r => SyncJson.Part(r.GetString(2)) is var part ? (part.Project, new Estimate.Part(r.GetInt64(0), r.GetInt64(1), part.HasList, part.Requests)) : default,
            ("@me", Id));

    private (int Nodes, Dictionary<long, bool> Mine) Renew(DbConnection write, IReadOnlyList<(long Sync, string Json)> told)
    {
        write.Run(
            $"""
            INSERT INTO node ("Id", "Until", "Grace") VALUES (@me, {Now} + @l, @g) ON CONFLICT ("Id") DO UPDATE SET "Until" = excluded."Until", "Grace" = excluded."Grace"
            """,
            ("@me", Id), ("@l", (long)LeaseTime.TotalMilliseconds), ("@g", (long)_attempt.TotalMilliseconds));
        write.Run(
            $"""
            DELETE FROM node n WHERE n."Until" < {Now} - @r AND NOT EXISTS (SELECT 1 FROM sync s WHERE s."Active" AND s."ClaimedBy" = n."Id")
            """,
            ("@r", (long)Remembered.TotalMilliseconds));
        foreach (var (sync, json) in told)
        {
            write.Run("""UPDATE sync SET "ProgressJson" = @j WHERE "No" = @s AND "ClaimedBy" = @me AND "Active" """, ("@j", json), ("@s", sync), ("@me", Id));
        }

        var mine = write.Rows(
            """SELECT "No", "CancelRequested" FROM sync WHERE "ClaimedBy" = @me AND "Active" """, r => (No: r.GetInt64(0), Cancel: r.GetBoolean(1)), ("@me", Id));
        return ((int)write.Count($"SELECT count(*) FROM node WHERE \"Until\" >= {Now}"), mine.ToDictionary(s => s.No, s => s.Cancel));
    }

    /// <summary>How long the node may believe to be the owner of its syncs. Two clocks, the shorter one counts: one stands still while the machine sleeps, the other one can be set.</summary>
    private sealed record Lease(long Timestamp, DateTimeOffset At, TimeSpan Length)
    {
        public static Lease From(TimeProvider time, TimeSpan length) => new(time.GetTimestamp(), time.GetUtcNow(), length);

        public TimeSpan Left(TimeProvider time)
        {
            var gone = time.GetElapsedTime(Timestamp);
            var byWall = time.GetUtcNow() - At;
            return Length - (byWall > gone ? byWall : gone);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(140, LogLevel.Warning, "Sync {SyncId} belonged to node {Node}, which is gone; this node takes it over.")]
        public static partial void TakenOver(ILogger logger, string syncId, string node);

        [LoggerMessage(141, LogLevel.Error, "The node can't renew its lease ({Error}): it starts no request until it can. If this lasts, another node takes its syncs over.")]
        public static partial void Late(ILogger logger, string error);

        [LoggerMessage(142, LogLevel.Information, "The node has renewed its lease again and goes on with the syncs that are still its own.")]
        public static partial void Back(ILogger logger);

        [LoggerMessage(144, LogLevel.Warning, "Requests of {Syncs} syncs were not answered before the node had to go: those syncs go on elsewhere, or at the next start, when the requests would have timed out.")]
        public static partial void Kept(ILogger logger, int syncs);

        [LoggerMessage(143, LogLevel.Warning, "The node could not give back its claims ({Error}): its syncs go on elsewhere when its lease has run out.")]
        public static partial void NotReleased(ILogger logger, string error);
    }
}
