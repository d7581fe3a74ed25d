using IterableAudience.Records;
using IterableAudience.Store;
using IterableAudience.Syncs.Report;

namespace IterableAudience.Syncs.Mirror;

/// <summary>The rows of a sync's log: one for each row of the source that the sync dealt with. Rows that are held back for their key are none, nor are those that a comparison of all rows found as they were.</summary>
internal static class SyncLogRows
{
    private static readonly string[] Failed = ["rejected", "failed", "forgotten", "not_sent"];
    private static readonly RecordFilter All = new(null, null, null, null);
    private static readonly string Unchanged = Outcome.Unchanged.Word();
    private static readonly string? NullKey = Reason.NullPrimaryKey.Word();
    private static readonly string? DuplicateKey = Reason.DuplicatePrimaryKey.Word();

    /// <summary>Reads them from the store, slice by slice; keys come once each. Nobody keeps the array.</summary>
    /// <param name="store">The store.</param>
    /// <param name="sync">The sync, as it ends.</param>
    /// <param name="unsent">What an operation without an answer is.</param>
    /// <param name="connectionId">For the column of that name.</param>
    /// <param name="listId">Likewise.</param>
    public static IEnumerable<object?[]> Read(LeanStore store, Sync sync, RecordOutcome unsent, string connectionId, long listId)
    {
        var (part, seen) = (-1, new HashSet<string>(StringComparer.Ordinal));
        var row = new object?[10];
        foreach (var (record, next) in new RecordPages(store, sync, masked: false, unsent).Read(All, default))
        {
            if (next.Part != part)
            {
                part = next.Part;
                seen.Clear();
            }

            // A removal that is tried again comes behind the records of the source: what the source says of the row now is what counts.
            if (record.PrimaryKey is not { } key || record.Action is null || record.Reason == NullKey || record.Reason == DuplicateKey || !seen.Add(key) || record.Outcome == Unchanged)
            {
                continue;
            }

            var failed = Failed.Contains(record.Outcome);
            (row[0], row[1], row[2], row[3]) = (connectionId, sync.Id, key, record.Action);
            (row[4], row[5]) = (failed ? "failed" : "succeeded", failed ? record.Detail ?? record.Reason ?? record.Outcome : null);
            (row[6], row[7]) = (sync.StartedAt, sync.FinishedAt);
            (row[8], row[9]) = (record.Reason, listId);
            yield return row;
        }
    }
}
