using IterableAudience.Accounts;
using IterableAudience.Connections;
using IterableAudience.Store;
using IterableAudience.Syncs.Report;
using IterableAudience.Warehouses;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace IterableAudience.Syncs.Mirror;

/// <summary>
/// What the service leaves in the user's warehouse: the sync log of each sync that began to send, where the diff is made in the warehouse, and its snapshots; and how long it stays. A warehouse that is away when a sync
/// ends costs the sync nothing: its log is written later.
/// </summary>
internal sealed partial class WarehouseLog(
    Func<StoreContext> open, LeanStore store, WarehouseDirectory warehouses, IOptions<SourcesOptions> options, TimeProvider time, ILogger<WarehouseLog> logger)
{
    /// <summary>A sync that ends holds its list: it doesn't wait longer than this for the warehouse to take its log.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>And not longer than this to be rid of what is old: that can wait for the hour.</summary>
    private static readonly TimeSpan PrunePatience = TimeSpan.FromSeconds(10);

    /// <summary>Writes the log of a sync that is about to end, and removes what has had its day. Nothing that goes wrong with either keeps the sync from its end.</summary>
    /// <remarks>Both come before the end: whoever sees that a sync has ended may open a DuckDB file at once.</remarks>
    /// <returns>Whether the log is still to be written.</returns>
    public async Task<bool> WriteAsync(SyncWork work, RecordOutcome unsent, CancellationToken cancel)
    {
        var (sync, connection) = (work.Sync, work.Connection);
        if (!sync.FromSource || sync.DryRun || !connection.KeepsLogs() || await WayAsync(sync, cancel) != DiffWay.Snapshot)
        {
            return false;
        }

        var failure = await TryAsync(stop => WriteAsync(connection, sync, unsent, stop), Patience, cancel);
        if (failure is not null)
        {
            Log.Late(logger, sync.Id, Words(failure), Bug(failure));
        }

        if (failure is not (OperationCanceledException or WarehouseException { Reason: WarehouseException.Unreachable })
            && await TryAsync(stop => PruneAsync(connection, stop), PrunePatience, cancel) is { } left)
        {
            Log.NotPruned(logger, connection.Id, Words(left), Bug(left));
        }

        return failure is not null;
    }

    /// <summary>Writes what could not be written before, and removes what has had its day, in every warehouse. What one connection has in its way is no other's.</summary>
    public async Task CatchUpAsync(CancellationToken cancel)
    {
        await using var db = open();
        foreach (var connection in await db.Connections.AsNoTracking()
            .Where(c => c.SourceId != null && db.Syncs.Any(s => s.ConnectionNo == c.No && s.FromSource)).OrderBy(c => c.No).ToListAsync(cancel))
        {
            var isKept = connection.KeepsLogs()
                && (await db.Baselines.AnyAsync(b => b.ConnectionNo == connection.No && b.Way == DiffWay.Snapshot, cancel)
                    || await db.Syncs.AnyAsync(s => s.ConnectionNo == connection.No && s.LogDue, cancel));
            try
            {
                if (isKept)
                {
                    await WriteDueAsync(db, connection, cancel);
                }

                if (isKept || await IsDueAsync(connection, cancel))
                {
                    await PruneAsync(connection, cancel);
                }
            }
            catch (Exception e) when (IsOfTheWarehouse(e, cancel))
            {
                Log.NotPruned(logger, connection.Id, Words(e), Bug(e));
            }
        }
    }

    private async Task WriteDueAsync(StoreContext db, Connection connection, CancellationToken cancel)
    {
        foreach (var sync in await db.Syncs.AsNoTracking().Where(s => s.ConnectionNo == connection.No && s.LogDue && !s.Active).OrderBy(s => s.No).ToListAsync(cancel))
        {
            try
            {
                if (!sync.RecordsPurged)
                {
                    await WriteAsync(connection, sync, SyncCloser.Unsent(sync.Outcome), cancel);
                }

                await db.Syncs.Where(s => s.No == sync.No).ExecuteUpdateAsync(u => u.SetProperty(s => s.LogDue, false), cancel);
            }
            catch (Exception e) when (e is not WarehouseException { Reason: WarehouseException.Unreachable } && IsOfTheWarehouse(e, cancel))
            {
                Log.Late(logger, sync.Id, Words(e), Bug(e));
            }
        }
    }

    private async Task WriteAsync(Connection connection, Sync sync, RecordOutcome unsent, CancellationToken cancel)
    {
        await using var session = await OpenAsync(connection, SessionMode.Write, cancel);
        new SyncLogTable(session, options.Value.Schema)
            .Write(connection.Id, sync.Id, SyncLogRows.Read(store, sync, unsent, connection.Id, connection.AudienceId), cancel);
    }

    private async Task PruneAsync(Connection connection, CancellationToken cancel)
    {
        await using var session = await OpenAsync(connection, SessionMode.Write, cancel);
        if (await new WarehousePrune(open, session, options.Value.Schema, time).RunAsync(connection, cancel) is { Count: > 0 } left)
        {
            Log.NotPruned(logger, connection.Id, string.Join(' ', left.Take(3)), null);
        }
    }

    /// <summary>
    /// Whether a connection that writes no logs (any more) has something in the warehouse that is to go. It may never have written any, and its warehouse may be
    /// gone for good: so it is only read, and that it can't be read is nobody's trouble.
    /// </summary>
    private async Task<bool> IsDueAsync(Connection connection, CancellationToken cancel)
    {
        try
        {
            await using var session = await OpenAsync(connection, SessionMode.Read, cancel);
            return await new WarehousePrune(open, session, options.Value.Schema, time).IsDueAsync(connection, cancel);
        }
        catch (Exception e) when (IsOfTheWarehouse(e, cancel))
        {
            return false;
        }
    }

    /// <summary>Works for a sync that ends. Trouble of the store is none of ours: the end itself meets it next.</summary>
    /// <returns>What went wrong.</returns>
    private async Task<Exception?> TryAsync(Func<CancellationToken, Task> work, TimeSpan patience, CancellationToken cancel)
    {
        using var limit = new CancellationTokenSource(patience, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancel);
        try
        {
            var token = stop.Token;
            await Task.Run(() => work(token), CancellationToken.None).WaitAsync(token);
            return null;
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            throw;
        }
#pragma warning disable CA1031 // a bug must not keep a sync, and its list, from the end
        catch (Exception e)
#pragma warning restore CA1031
        {
            return e;
        }
    }

    private static bool IsOfTheWarehouse(Exception e, CancellationToken cancel)
        => e is WarehouseException || !(StoreTrouble.Is(e) || (e is OperationCanceledException && cancel.IsCancellationRequested));

    private static string Words(Exception e) => e switch
    {
        WarehouseException failure => failure.Message,
        OperationCanceledException => "It took too long.",
        _ => $"The service met an error of its own ({e.GetType().Name}).",
    };

    private static Exception? Bug(Exception e) => e is WarehouseException or OperationCanceledException ? null : e;

    private async Task<WarehouseSession> OpenAsync(Connection connection, SessionMode mode, CancellationToken cancel)
    {
        await using var db = open();
        var account = await db.Sources.Where(s => s.Id == connection.SourceId).Select(s => s.AccountId).SingleOrDefaultAsync(cancel)
            ?? throw new WarehouseException(WarehouseException.NotFound, "The connection's source has been deleted.");
        return await warehouses.OpenAsync(account, mode, cancel);
    }

    private async Task<DiffWay?> WayAsync(Sync sync, CancellationToken cancel)
    {
        await using var db = open();
        return await db.SourceRuns.Where(r => r.SyncNo == sync.PlanSyncNo).Select(r => (DiffWay?)r.Way).SingleOrDefaultAsync(cancel);
    }

    private static partial class Log
    {
        [LoggerMessage(162, LogLevel.Warning, "The sync log of {SyncId} could not be written to the warehouse; it is written later. {Message}")]
        public static partial void Late(ILogger logger, string syncId, string message, Exception? exception);

        [LoggerMessage(163, LogLevel.Warning, "The sync logs and snapshots of connection {ConnectionId} could not be looked after in the warehouse; that is done later. {Message}")]
        public static partial void NotPruned(ILogger logger, string connectionId, string message, Exception? exception);
    }
}
