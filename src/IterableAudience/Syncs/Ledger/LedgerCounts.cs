using System.Data.Common;
using IterableAudience.Store;
using IterableAudience.Syncs.Retry;

namespace IterableAudience.Syncs.Ledger;

/// <summary>What connections ask of the ledger: how many members they have, and to be released when they go.</summary>
internal sealed class LedgerCounts(LeanStore store)
{
    /// <summary>A condition on a row <c>c</c> of the connections: something of the ledger is still there. With OFFSET PostgreSQL looks it up, and doesn't read through the ledger.</summary>
    public const string HasLedger = """
        EXISTS (SELECT 1 FROM ledger_count l WHERE l.list = c."ListNo" AND l.connection = c."No")
        OR EXISTS (SELECT 1 FROM member m WHERE m.list = c."ListNo" AND m.connection = c."No" LIMIT 1 OFFSET 0)
        """;

    /// <summary>Entries that Iterable accepted, by connection number; connections without any are left out.</summary>
    public IReadOnlyDictionary<long, long> Members(IReadOnlyCollection<long> connections)
        => connections.Count == 0 ? new Dictionary<long, long>() : store.Read(c => c.Rows(
                $"SELECT connection, CAST(sum(members) AS BIGINT) FROM ledger_count WHERE connection IN ({string.Join(',', connections)}) GROUP BY connection",
                r => (Connection: r.GetInt64(0), Members: r.GetInt64(1))))
            .ToDictionary(r => r.Connection, r => r.Members);

    /// <summary>Finishes what deletes of connections began, should the service have been killed in between, or the store have been away.</summary>
    public async Task ReleaseDeletedAsync(CancellationToken cancel)
    {
        foreach (var connection in store.Read(c => c.Rows(
            """SELECT DISTINCT r.connection FROM retry r JOIN connection c ON c."No" = r.connection WHERE c."Deleted" """, r => r.GetInt64(0))))
        {
            await RetrySet.RemoveAsync(store, connection, 0, long.MaxValue, cancel);
        }

        foreach (var (list, connection) in store.Read(c => c.Rows(
            $"""SELECT "ListNo", "No" FROM connection c WHERE "Deleted" AND ({HasLedger})""", r => (r.GetInt64(0), r.GetInt64(1)))))
        {
            await ReleaseAsync(list, connection, cancel);
        }
    }

    /// <summary>
    /// Forgets all entries of a connection, and what it was to try again: its members stay on the list and no longer hold anybody there. In slices, so that nobody waits long for the writer.
    /// </summary>
    /// <remarks>
    /// Concurrency: beside another one, of another node. A slice that the other has just released leaves nothing to do here, and that says nothing of the
    /// rest; so the counts, by which what is left would be found again, go only when no entry is there.
    /// </remarks>
    public async Task ReleaseAsync(long list, long connection, CancellationToken cancel)
    {
        await RetrySet.RemoveAsync(store, connection, 0, long.MaxValue, cancel);
        do
        {
            while (await store.WriteAsync(
                write => write.Run(
                    """
                    DELETE FROM member WHERE list = @l AND connection = @c AND key_hash <=
                      (SELECT max(key_hash) FROM (SELECT key_hash FROM member WHERE list = @l AND connection = @c ORDER BY key_hash LIMIT 50000) AS first)
                    """,
                    ("@l", list), ("@c", connection)),
                durable: false,
                cancel) > 0)
            {
                // the next slice
            }
        }
        while (!await store.WriteAsync(write => TryForget(write, list, connection), durable: true, cancel));
    }

    /// <summary>Ends a release; false when there are entries after all.</summary>
    private static bool TryForget(DbConnection write, long list, long connection)
    {
        // In this order: a run of a sync that comes meanwhile is not among them.
        var runs = HolderRuns.Live(write, list).Where(r => r.Connection == connection).ToList();
        if (write.Count("SELECT count(*) FROM (SELECT 1 FROM member WHERE list = @l AND connection = @c LIMIT 1) AS entry", ("@l", list), ("@c", connection)) > 0)
        {
            return false;
        }

        foreach (var run in runs)
        {
            HolderRuns.Replace(write, run); // the next close of the list sweeps it away
        }

        write.Run("DELETE FROM ledger_count WHERE list = @l AND connection = @c", ("@l", list), ("@c", connection));
        write.Run("UPDATE audience_list SET \"LedgerVersion\" = \"LedgerVersion\" + 1 WHERE \"No\" = @l", ("@l", list));
        return true;
    }
}
