using IterableAudience.Store;
using IterableAudience.Syncs.Retry;

namespace IterableAudience.Syncs.Ledger;

/// <summary>What connections ask of the ledger: how many members they have, and to be released when they go.</summary>
internal sealed class LedgerCounts(LeanStore store)
{
    /// <summary>Entries that Iterable accepted, by connection number; connections without any are left out.</summary>
    public IReadOnlyDictionary<long, long> Members(IReadOnlyCollection<long> connections)
        => connections.Count == 0 ? new Dictionary<long, long>() : store.Read(c => c.Rows(
                $"SELECT connection, CAST(sum(members) AS BIGINT) FROM ledger_count WHERE connection IN ({string.Join(',', connections)}) GROUP BY connection",
                r => (Connection: r.GetInt64(0), Members: r.GetInt64(1))))
            .ToDictionary(r => r.Connection, r => r.Members);

    /// <summary>Finishes what a delete of a connection began, should the service have been killed in between.</summary>
    public async Task ReleaseDeletedAsync(CancellationToken cancel)
    {
        foreach (var connection in store.Read(c => c.Rows(
            """SELECT DISTINCT r.connection FROM retry r JOIN connection c ON c."No" = r.connection WHERE c."Deleted" """, r => r.GetInt64(0))))
        {
            await RetrySet.RemoveAsync(store, connection, 0, long.MaxValue, cancel);
        }

        foreach (var (list, connection) in store.Read(c => c.Rows(
            """SELECT l.list, l.connection FROM ledger_count l JOIN connection c ON c."No" = l.connection WHERE c."Deleted" """,
            r => (r.GetInt64(0), r.GetInt64(1)))))
        {
            await ReleaseAsync(list, connection, cancel);
        }
    }

    /// <summary>
    /// Forgets all entries of a connection, and what it was to try again: its members stay on the list and no longer hold anybody there. In slices, so that nobody waits long for the writer.
    /// </summary>
    public async Task ReleaseAsync(long list, long connection, CancellationToken cancel)
    {
        await RetrySet.RemoveAsync(store, connection, 0, long.MaxValue, cancel);
        int deleted;
        do
        {
            deleted = await store.WriteAsync(
                write => write.Run(
                    """
                    DELETE FROM member WHERE list = @l AND connection = @c AND key_hash <=
                      (SELECT max(key_hash) FROM (SELECT key_hash FROM member WHERE list = @l AND connection = @c ORDER BY key_hash LIMIT 50000) AS first)
                    """,
                    ("@l", list), ("@c", connection)),
                durable: false,
                cancel);
        }
        while (deleted > 0);

        await store.WriteAsync(
            write =>
            {
                // Index entries that name nobody are harmless; they go when their list's index is rebuilt.
                write.Run("DELETE FROM ledger_count WHERE list = @l AND connection = @c", ("@l", list), ("@c", connection));
                write.Run("UPDATE audience_list SET \"LedgerVersion\" = \"LedgerVersion\" + 1 WHERE \"No\" = @l", ("@l", list));
            },
            durable: true,
            cancel);
    }
}
