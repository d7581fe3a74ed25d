using IterableAudience.Connections;
using IterableAudience.Store;
using IterableAudience.Warehouses;
using Microsoft.EntityFrameworkCore;

namespace IterableAudience.Syncs.Mirror;

/// <summary>Removes what has had its day in a warehouse: old rows of a connection's log, and snapshots that nothing is compared with any more.</summary>
internal sealed class WarehousePrune(Func<StoreContext> open, WarehouseSession session, string schema, TimeProvider time)
{
    /// <summary>Somebody who has a snapshot open keeps it until the next round.</summary>
    private static readonly TimeSpan LockWait = TimeSpan.FromSeconds(1);

    /// <summary>Each table for itself: one that can't be dropped keeps no other.</summary>
    /// <returns>What could not be removed, each with the reason.</returns>
    public async Task<IReadOnlyList<string>> RunAsync(Connection connection, CancellationToken cancel)
    {
        List<string> left = [];
        session.LimitLockWait(LockWait, cancel);
        Try(SyncLogTable.Name, () => new SyncLogTable(session, schema).Prune(connection.Id, Before(connection), cancel));
        foreach (var old in await DueAsync(connection, cancel))
        {
            Try(old, () => session.Run($"DROP TABLE IF EXISTS {session.Quote(schema, old)}", cancel));
        }

        return left;

        void Try(string table, Action remove)
        {
            try
            {
                remove();
            }
            catch (WarehouseException e) when (e.Reason != WarehouseException.Unreachable)
            {
                left.Add($"{table}: {e.Message}");
            }
        }
    }

    /// <summary>Whether there is anything to remove; for a session that only reads.</summary>
    public async Task<bool> IsDueAsync(Connection connection, CancellationToken cancel)
        => new SyncLogTable(session, schema).HasOlder(connection.Id, Before(connection), cancel) || (await DueAsync(connection, cancel)).Count > 0;

    /// <summary>Snapshots beyond the newest few, and all of them once the connection makes no more; never what the next sync compares with, or a sync that runs.</summary>
    private async Task<List<string>> DueAsync(Connection connection, CancellationToken cancel)
    {
        // The tables first: a sync that has one is in the store by then.
        var prefix = SnapshotSql.Prefix(connection.Id);
        var tables = session.Tables(schema, cancel).Select(t => t.Name).Where(n => n.StartsWith(prefix, StringComparison.Ordinal)).ToList();
        await using var db = open();
        var syncs = await db.Syncs.Where(s => s.ConnectionNo == connection.No).Select(s => new { s.Id, s.No, s.Active }).ToDictionaryAsync(s => s.Id, cancel);
        var used = await db.SourceRuns
            .Where(r => r.ConnectionNo == connection.No && (db.Baselines.Any(b => b.SyncNo == r.SyncNo) || db.Syncs.Any(s => s.PlanSyncNo == r.SyncNo && s.Active)))
            .Select(r => r.SnapshotTable).ToListAsync(cancel);
        used.AddRange(syncs.Values.Where(s => s.Active).Select(s => prefix + s.Id));
        var kept = connection.KeepsLogs() ? connection.SyncLogs().SnapshotsToRetain!.Value : 0;
        return [.. tables.OrderByDescending(n => syncs.GetValueOrDefault(n[prefix.Length..])?.No ?? 0).Skip(kept).Where(n => !used.Contains(n))];
    }

    private DateTimeOffset Before(Connection connection) => time.GetUtcNow() - TimeSpan.FromDays(connection.SyncLogs().LogRetentionInDays!.Value);
}

/// <summary>What a connection leaves in the warehouse.</summary>
internal static class KeptLogs
{
    /// <summary>Its syncs write logs and snapshots.</summary>
    public static bool KeepsLogs(this Connection connection) => !connection.Deleted && connection.SyncLogs().Enabled!.Value;
}
