using IterableAudience.Connections;
using IterableAudience.Store;
using IterableAudience.Syncs.Mirror;
using Microsoft.EntityFrameworkCore;

namespace IterableAudience.Syncs.Scheduling;

/// <summary>
/// What happens when a schedule is due: the sync starts, and with it, in one transaction, the next tick is set. So a tick starts one sync whoever else
/// is woken for it, and none is lost with the process. While a sync of the connection runs the tick is skipped; ticks that were missed while nobody was there are made
/// up for by one.
/// </summary>
internal sealed partial class Tick(Func<StoreContext> open, SourceStart source, TimeProvider time, ILogger<Tick> logger)
{
    /// <summary>So late is nothing to mention.</summary>
    private static readonly TimeSpan OnTime = TimeSpan.FromMinutes(1);

    /// <summary>Runs a connection's tick if it is due.</summary>
    public async Task RunAsync(string connectionId, CancellationToken cancel)
    {
        await using var db = open();
        var now = time.GetUtcNow();
        var connection = await db.Connections.AsNoTracking().SingleOrDefaultAsync(c => c.Id == connectionId && !c.Deleted, cancel);
        if (connection?.DueAt is not { } due || due > now)
        {
            return;
        }

        if (now - due > OnTime)
        {
            Log.Late(logger, connectionId, due);
        }

        var next = connection.DueAfter(now);
        if (await SyncEndpoints.ObstacleAsync(db, connection, cancel) is not { } obstacle)
        {
            if (await source.StartAsync(connection, full: false, dryRun: false, SyncTrigger.Schedule, cancel, also: s => MoveAsync(s, connection, due, next, skippedAt: null, cancel)) is { } sync)
            {
                SyncTelemetry.Tick("started");
                Log.Started(logger, sync.Id, connectionId);
                return;
            }

            obstacle = await SyncEndpoints.OvertakenAsync(db, connection, cancel);
        }

        // Another node may have had this tick; then it has told of it, too.
        var isRunning = await db.Syncs.AnyAsync(s => s.ConnectionNo == connection.No && s.Active, cancel);
        if (await MoveAsync(db, connection, due, next, isRunning ? now : null, cancel))
        {
            SyncTelemetry.Tick(isRunning ? "skipped" : "refused");
            if (isRunning)
            {
                Log.Skipped(logger, connectionId);
            }
            else
            {
                Log.Refused(logger, connectionId, obstacle.Detail);
            }
        }
    }

    /// <summary>Sets the next tick, unless that was done meanwhile.</summary>
    private static async Task<bool> MoveAsync(StoreContext db, Connection connection, DateTimeOffset due, DateTimeOffset? next, DateTimeOffset? skippedAt, CancellationToken cancel)
        => await db.Connections.Where(c => c.No == connection.No && c.DueAt == due).ExecuteUpdateAsync(
            u => u.SetProperty(c => c.DueAt, next).SetProperty(c => c.LastSkippedAt, c => skippedAt ?? c.LastSkippedAt), cancel) == 1;

    private static partial class Log
    {
        [LoggerMessage(170, LogLevel.Information, "The schedule started sync {SyncId} of connection {ConnectionId}.")]
        public static partial void Started(ILogger logger, string syncId, string connectionId);

        [LoggerMessage(171, LogLevel.Information, "The schedule of connection {ConnectionId} was due while a sync of it was running: the tick is skipped.")]
        public static partial void Skipped(ILogger logger, string connectionId);

        [LoggerMessage(172, LogLevel.Information, "The schedule of connection {ConnectionId} was due, and no sync could start. {Why}")]
        public static partial void Refused(ILogger logger, string connectionId, string why);

        [LoggerMessage(173, LogLevel.Information, "The schedule of connection {ConnectionId} was due at {Due:O} while nobody was there: one sync makes up for all ticks since.")]
        public static partial void Late(ILogger logger, string connectionId, DateTimeOffset due);
    }
}
