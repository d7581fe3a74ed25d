using System.Data.Common;
using IterableAudience.Store;

namespace IterableAudience.Syncs.Ledger;

/// <summary>
/// Reads who holds an identifier, of any connection, from the runs of a list (<see cref="HolderRuns"/>). Names at least those who do; some of the named may
/// be gone, so a caller looks at their entries.
/// </summary>
/// <param name="connection">Open, for reading. The list is claimed meanwhile, so its runs stay.</param>
/// <param name="list">The list.</param>
internal sealed class HolderIndex(DbConnection connection, long list) : IDisposable
{
    private const string Block = "SELECT first, blob FROM holder_block WHERE run = @r AND first <= @h ORDER BY first DESC LIMIT 1";

    /// <summary>Of so many asked for per block of a run all blocks are read, and looked through here.</summary>
    private const double Dense = 0.5;

    private readonly DbCommand _block = connection.Command(Block, "@r", "@h");
    private readonly SortedSet<(long Connection, long KeyHash)> _found = [];
    private HolderRun[]? _runs;
    private (long First, byte[] Blob)[] _blocks = [];

    /// <summary>Connections and keys that hold an identifier, in order. The result is good until the next call.</summary>
    /// <remarks>The last block of each run is kept: who asks in the order of the hashes reads each block once.</remarks>
    public IReadOnlyCollection<(long Connection, long KeyHash)> Find(long hash)
    {
        var runs = Runs();
        _found.Clear();
        for (var i = 0; i < runs.Length; i++)
        {
            var (first, blob) = _blocks[i];
            if (blob is not { Length: > 0 } || hash < first || hash > HolderBlock.Hash(blob, HolderBlock.Count(blob) - 1))
            {
                using var reader = _block.Query(runs[i].Run, hash);
                if (!reader.Read())
                {
                    continue;
                }

                _blocks[i] = (_, blob) = (reader.GetInt64(0), reader.Blob(1));
            }

            var (from, to) = HolderBlock.Find(blob, hash);
            for (; from < to; from++)
            {
                _found.Add((runs[i].Connection, HolderBlock.KeyHash(blob, from)));
            }
        }

        return _found;
    }

    /// <summary>The same for many at once, in two questions: for a store that is far away.</summary>
    /// <returns>Each once, by hash, connection and key.</returns>
    public IReadOnlyList<(long Hash, long Connection, long KeyHash)> FindAll(IReadOnlyCollection<long> hashes)
    {
        var runs = hashes.Count == 0 ? [] : Runs();
        if (runs.Length == 0)
        {
            return [];
        }

        long[] asked = [.. hashes.Distinct().Order()];
        var share = ((double)asked[^1] - asked[0]) / ulong.MaxValue;
        var (dense, sparse) = (new List<long>(), new List<long>());
        foreach (var run in runs)
        {
            (asked.Length >= run.Entries / HolderBlock.Entries * share * Dense ? dense : sparse).Add(run.Run);
        }

        // OFFSET 0 and LIMIT: look each of them up, whatever the statistics say of a run that is newer than they are.
        var connections = runs.ToDictionary(r => r.Run, r => r.Connection);
        List<(long Run, byte[] Blob)> blocks =
        [
            .. Blocks(
                """
                SELECT b.run, b.blob FROM unnest(@r) AS r (run)
                CROSS JOIN LATERAL (SELECT coalesce((SELECT first FROM holder_block WHERE run = r.run AND first <= @a ORDER BY first DESC LIMIT 1), @a) AS first OFFSET 0) f
                CROSS JOIN LATERAL (SELECT run, blob FROM holder_block WHERE run = r.run AND first BETWEEN f.first AND @b OFFSET 0) b
                """,
                dense,
                ("@a", asked[0]), ("@b", asked[^1])),
            .. Blocks(
                """
                SELECT b.run, b.blob FROM (
                  SELECT DISTINCT r.run, f.first FROM unnest(@r) AS r (run) CROSS JOIN unnest(@k) AS k (hash)
                  CROSS JOIN LATERAL (SELECT first FROM holder_block WHERE run = r.run AND first <= k.hash ORDER BY first DESC LIMIT 1) f OFFSET 0) d
                CROSS JOIN LATERAL (SELECT run, blob FROM holder_block WHERE run = d.run AND first = d.first OFFSET 0) b
                """,
                sparse,
                ("@k", asked)),
        ];
        var found = new SortedSet<(long, long, long)>();
        foreach (var (run, blob) in blocks)
        {
            Look(blob, asked, (hash, keyHash) => found.Add((hash, connections[run], keyHash)));
        }

        return [.. found];
    }

    public void Dispose() => _block.Dispose();

    /// <summary>What a block has of the hashes that are asked for, which are in order.</summary>
    private static void Look(byte[] blob, long[] asked, Action<long, long> found)
    {
        var count = HolderBlock.Count(blob);
        var next = Array.BinarySearch(asked, HolderBlock.Hash(blob, 0));
        next = next < 0 ? ~next : next;
        for (var i = 0; i < count && next < asked.Length;)
        {
            var hash = HolderBlock.Hash(blob, i);
            if (hash > asked[next])
            {
                next++;
                continue;
            }

            if (hash == asked[next])
            {
                found(hash, HolderBlock.KeyHash(blob, i));
            }

            i++;
        }
    }

    private List<(long Run, byte[] Blob)> Blocks(string sql, List<long> runs, params ReadOnlySpan<(string Name, object? Value)> parameters)
        => runs.Count == 0 ? [] : connection.Rows(sql, r => (r.GetInt64(0), r.Blob(1)), [.. parameters, ("@r", runs.ToArray())]);

    private HolderRun[] Runs()
    {
        if (_runs is null)
        {
            _runs = [.. HolderRuns.Live(connection, list).Where(r => !r.IsGone)];
            _blocks = new (long, byte[])[_runs.Length];
        }

        return _runs;
    }
}
