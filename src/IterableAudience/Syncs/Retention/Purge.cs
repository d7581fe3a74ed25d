using IterableAudience.Connections;
using IterableAudience.Store;
using IterableAudience.Syncs.Ledger;
using Microsoft.Extensions.Options;

namespace IterableAudience.Syncs.Retention;

/// <summary>What one run has removed.</summary>
/// <param name="Records">Syncs that lost their records.</param>
/// <param name="Syncs">Syncs that are gone.</param>
/// <param name="Connections">Deleted connections that are gone with their last sync.</param>
internal readonly record struct PurgeCounts(int Records, int Syncs, int Connections)
{
    public bool IsEmpty => this == default;
}

/// <summary>
/// Removes what is older than <see cref="RetentionOptions"/> says: first the records of a sync, much later the sync. A sync is marked before its
/// first row goes, so that its record pages say what happened instead of showing half of it, and it counts as emptied with the last row. A
/// run that was cut off in between is finished by the next one.
/// </summary>
/// <remarks>
/// Concurrency: beside running syncs, and beside another run (of another node): every step is a short transaction, and doing one twice changes
/// nothing. Between two steps it pauses for longer than the last one took, so that the writer belongs to the syncs.
/// </remarks>
internal sealed class Purge(LeanStore store, IOptions<RetentionOptions> options, TimeProvider time)
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(2);

    /// <summary>Rows of each table that a step removes at most, by how large they are.</summary>
    private static readonly (string Sql, int Rows)[] Tables =
    [
        (ByPlace("chunk", "part, seq"), 64),
        (ByPlace("verdict", "part, seq"), 256),
        ("DELETE FROM plan_part WHERE sync = @s AND part IN (SELECT part FROM plan_part WHERE sync = @s LIMIT @n)", 256),
        (ByPlace("batch", "stage, n"), 64),
        (ByPlace("started", "stage, n"), 4096),
        (ByPlace("result", "stage, n"), 1024),
        (ByPlace("failure", "part, ord"), 8192),
        ("DELETE FROM request WHERE id IN (SELECT id FROM request WHERE sync = @s ORDER BY id LIMIT @n)", 4096),
    ];

    /// <summary>Removes everything that is due.</summary>
    /// <param name="cancel">Ends the run between two steps; the next run goes on.</param>
    public async Task<PurgeCounts> RunAsync(CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        var records = 0;
        foreach (var sync in Begun())
        {
            await EmptyAsync(sync, cancel);
            records++;
        }

        var before = (now - options.Value.Records).ToUnixTimeMilliseconds();
        foreach (var sync in Due(before))
        {
            if (await TryBeginAsync(sync, before, cancel))
            {
                await EmptyAsync(sync, cancel);
                records++;
            }
        }

        var syncs = await ForgetSyncsAsync((now - options.Value.Syncs).ToUnixTimeMilliseconds(), cancel);
        await ForgetReconcilesAsync((now - options.Value.Syncs).ToUnixTimeMilliseconds(), cancel);
        await ForgetDraftsAsync((now - ConnectionDraft.Kept).ToUnixTimeMilliseconds(), cancel);
        return new(records, syncs, await ForgetConnectionsAsync(cancel));
    }

    private static string ByPlace(string table, string place)
        => $"DELETE FROM {table} WHERE sync = @s AND ({place}) IN (SELECT {place} FROM {table} WHERE sync = @s ORDER BY {place} LIMIT @n)";

    /// <summary>Marked, and not known to be empty: a run was cut off.</summary>
    private List<long> Begun()
        => store.Read(c => c.Rows("""SELECT "No" FROM sync WHERE "RecordsPurged" AND "Partitions" > 0 ORDER BY "No" """, r => r.GetInt64(0)));

    /// <summary>Syncs that ended before a time. One whose plan was approved waits for the sync that ran it: that one shows these very records.</summary>
    private List<long> Due(long before)
        => store.Read(c => c.Rows(
            """
            SELECT s."No" FROM sync s
            WHERE NOT s."RecordsPurged" AND NOT s."Active" AND s."FinishedAt" < @b
              AND NOT EXISTS (SELECT 1 FROM sync u WHERE u."PlanSyncNo" = s."No" AND u."PlanSyncNo" <> u."No" AND (u."Active" OR u."FinishedAt" >= @b))
            ORDER BY s."FinishedAt", s."No"
            """,
            r => r.GetInt64(0), ("@b", before)));

    /// <summary>
    /// Marks a sync: from now on its records count as gone. False when its plan has been approved meanwhile. The row is written first and asked
    /// about second: an approval that comes at the same time writes it too (see <see cref="SyncStart"/>), so one of the two sees the other.
    /// </summary>
    private Task<bool> TryBeginAsync(long sync, long before, CancellationToken cancel)
        => store.WriteAsync(
            write =>
            {
                write.Run(
                    """
                    UPDATE sync SET "RecordsPurged" = TRUE, "Partitions" = CASE WHEN "Partitions" > 0 THEN "Partitions" ELSE 1 END
                    WHERE "No" = @s AND NOT "Active"
                    """,
                    ("@s", sync));
                var inUse = write.Count(
                    """SELECT count(*) FROM sync WHERE "PlanSyncNo" = @s AND "PlanSyncNo" <> "No" AND ("Active" OR "FinishedAt" >= @b)""", ("@s", sync), ("@b", before)) > 0;
                if (inUse)
                {
                    write.Run("UPDATE sync SET \"RecordsPurged\" = FALSE WHERE \"No\" = @s", ("@s", sync));
                }

                return !inUse;
            },
            durable: false,
            cancel);

    private async Task EmptyAsync(long sync, CancellationToken cancel)
    {
        bool isEmpty;
        do
        {
            var started = time.GetTimestamp();
            isEmpty = await store.WriteAsync(
                write =>
                {
                    foreach (var (sql, rows) in Tables)
                    {
                        if (write.Run(sql, ("@s", sync), ("@n", rows)) == rows)
                        {
                            return false;
                        }
                    }

                    write.Run("UPDATE sync SET \"Partitions\" = 0 WHERE \"No\" = @s AND \"RecordsPurged\"", ("@s", sync));
                    return true;
                },
                durable: false,
                cancel);
            await PauseAsync(started, cancel);
        }
        while (!isEmpty);
    }

    /// <summary>The newest sync of a connection stays, as its <c>lastSync</c>, unless the connection is deleted.</summary>
    private async Task<int> ForgetSyncsAsync(long before, CancellationToken cancel)
    {
        var all = 0;
        int some;
        do
        {
            var started = time.GetTimestamp();
            some = await store.WriteAsync(
                write => write.Run(
                    """
                    DELETE FROM sync WHERE "No" IN (
                      SELECT s."No" FROM sync s
                      WHERE s."RecordsPurged" AND s."Partitions" = 0 AND NOT s."Active" AND s."FinishedAt" < @b
                        AND NOT EXISTS (SELECT 1 FROM sync u WHERE u."PlanSyncNo" = s."No" AND u."PlanSyncNo" <> u."No" AND (u."Active" OR u."FinishedAt" >= @b))
                        AND (EXISTS (SELECT 1 FROM sync n WHERE n."ConnectionNo" = s."ConnectionNo" AND n."No" > s."No")
                          OR EXISTS (SELECT 1 FROM connection c WHERE c."No" = s."ConnectionNo" AND c."Deleted"))
                      LIMIT 500)
                    """,
                    ("@b", before)),
                durable: false,
                cancel);
            all += some;
            if (some > 0)
            {
                await PauseAsync(started, cancel);
            }
        }
        while (some > 0);
        return all;
    }

    private Task<int> ForgetReconcilesAsync(long before, CancellationToken cancel)
        => store.WriteAsync(write => write.Run("""DELETE FROM reconcile WHERE "StartedAt" < @b""", ("@b", before)), durable: false, cancel);

    private Task<int> ForgetDraftsAsync(long before, CancellationToken cancel)
        => store.WriteAsync(write => write.Run("""DELETE FROM connection_draft WHERE "UpdatedAt" < @b""", ("@b", before)), durable: false, cancel);

    /// <summary>A deleted connection was kept for its syncs only; one whose ledger entries are still being released waits for that.</summary>
    private Task<int> ForgetConnectionsAsync(CancellationToken cancel)
        => store.WriteAsync(
            write => write.Run(
                $"""
                DELETE FROM connection AS c WHERE "Deleted"
                  AND NOT EXISTS (SELECT 1 FROM sync s WHERE s."ConnectionNo" = c."No")
                  AND NOT ({LedgerCounts.HasLedger})
                """),
            durable: false,
            cancel);

    private Task PauseAsync(long started, CancellationToken cancel)
    {
        var pause = time.GetElapsedTime(started) * 2;
        return Task.Delay(pause > ShortestPause ? pause : ShortestPause, time, cancel);
    }
}
