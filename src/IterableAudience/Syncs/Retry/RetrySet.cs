using System.Data.Common;
using IterableAudience.Store;
using IterableAudience.Syncs.Staging;

namespace IterableAudience.Syncs.Retry;

/// <summary>
/// What the next sync of a connection tries again: records that failed or were not sent, in the bytes of a chunk, by slice of the key-hash space
/// (always <see cref="Stager.LargePartitions"/> of them). Each row names the sync whose plan it came from; of two records of a key the one of
/// the later sync counts.
/// </summary>
internal static class RetrySet
{
    /// <summary>Records to a transaction, so that nobody waits long for the writer.</summary>
    public const int PerTransaction = 50_000;

    private static readonly BulkSql Insert = new(
        "INSERT INTO retry (connection, sync, seq, part, records, blob) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        "INSERT INTO retry (connection, sync, seq, part, records, blob) SELECT @p1, @p2, @p3, p, n, b FROM unnest(@p4, @p5, @p6) AS v (p, n, b)",
        RowPlaces: 4);

    /// <summary>Whether a connection has anything to try again.</summary>
    public static bool Any(LeanStore store, long connection)
        => store.Read(c => c.Rows("SELECT 1 FROM retry WHERE connection = @c LIMIT 1", _ => true, ("@c", connection))).Count > 0;

    /// <summary>How many records of a connection are to be tried again.</summary>
    public static long Count(LeanStore store, long connection)
        => store.Read(c => c.Count("SELECT CAST(coalesce(sum(records), 0) AS BIGINT) FROM retry WHERE connection = @c", ("@c", connection)));

    /// <summary>Appends the records of a slice, older ones of a key first; without a slice, of all.</summary>
    public static void Read(DbConnection read, long connection, int? part, int seq, List<StagedRecord> into)
    {
        foreach (var blob in read.Rows(
            "SELECT blob FROM retry WHERE connection = @c AND part BETWEEN @a AND @b ORDER BY part, sync, seq",
            r => r.Blob(0), ("@c", connection), ("@a", part ?? 0), ("@b", part ?? Stager.LargePartitions)))
        {
            ChunkCodec.Read(blob, seq, into);
        }
    }

    /// <summary>Adds one row: first bind connection, sync and its number there (1 to 3), then slice, number of records and blob (4 to 6).</summary>
    public static BulkStatement Adding(DbConnection write) => BulkStatement.Of(write, Insert);

    /// <summary>Removes what came from the plans of a range of syncs, both ends included.</summary>
    public static async Task RemoveAsync(LeanStore store, long connection, long from, long to, CancellationToken cancel)
    {
        var slices = store.Read(c => c.Rows(
            "SELECT part, CAST(sum(records) AS BIGINT) FROM retry WHERE connection = @c AND sync BETWEEN @a AND @b GROUP BY part ORDER BY part",
            r => (Part: r.GetInt32(0), Records: r.GetInt64(1)), ("@c", connection), ("@a", from), ("@b", to)));
        for (var i = 0; i < slices.Count;)
        {
            var first = i;
            for (var records = 0L; i < slices.Count && (i == first || records + slices[i].Records <= PerTransaction); i++)
            {
                records += slices[i].Records;
            }

            await store.WriteAsync(
                write => write.Run(
                    "DELETE FROM retry WHERE connection = @c AND part BETWEEN @p AND @q AND sync BETWEEN @a AND @b",
                    ("@c", connection), ("@p", slices[first].Part), ("@q", slices[i - 1].Part), ("@a", from), ("@b", to)),
                durable: false,
                cancel);
        }
    }
}
