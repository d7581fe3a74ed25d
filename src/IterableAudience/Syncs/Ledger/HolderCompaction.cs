using System.Data.Common;
using IterableAudience.Store;

namespace IterableAudience.Syncs.Ledger;

/// <summary>
/// Merges runs of holders of like size, so that there are few of them however many syncs there were, and each entry is written again only when the index has
/// grown severalfold. Of two entries with the same hash and key the newer one decides; once the oldest run takes part, those that are gone leave nothing behind.
/// </summary>
internal sealed class HolderCompaction(LeanStore store, long list, long connection)
{
    /// <summary>Runs of a size that are let be. With two million entries there are then a dozen runs or two, and some fifty at worst.</summary>
    public const int Fan = 6;

    /// <summary>Entries of the smallest size; the next one is <see cref="Fan"/> times as large.</summary>
    private const long Smallest = 2_048;

    private const int BlocksAtOnce = 128;

    /// <summary>Merges, publishes and replaces, if it is time to.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        var live = store.Read(c => HolderRuns.Live(c, list)).FindAll(r => r.Connection == connection);
        var count = HowMany([.. live.Select(r => r.Entries)]);
        if (count == 0)
        {
            return;
        }

        var old = live[^count..];
        HolderRunWriter stays = new(store, list, connection, isGone: false), gone = new(store, list, connection, isGone: true);
        using (var read = store.OpenRead())
        {
            foreach (var (hash, keyHash, isGone) in Merged(read, old))
            {
                if (isGone && count == live.Count)
                {
                    continue; // nothing older that it could be about
                }

                var writer = isGone ? gone : stays;
                if (writer.Add(hash, keyHash))
                {
                    await writer.WriteAsync(cancel);
                }
            }
        }

        HolderRun?[] merged = [await stays.FinishAsync(cancel), await gone.FinishAsync(cancel)];
        await HolderRuns.PublishAsync(store, list, [.. merged.OfType<HolderRun>()], old, cancel);
    }

    /// <summary>How many of the newest runs are to be merged; 0: none.</summary>
    /// <param name="sizes">Entries of each run, oldest first.</param>
    internal static int HowMany(IReadOnlyList<long> sizes)
    {
        var (merged, size) = (0, 0L); // the newest ones, as if they were one already
        for (var (least, most) = (0L, Smallest); most < long.MaxValue / Fan; (least, most) = (most, most * Fan))
        {
            if (size > most)
            {
                continue;
            }

            // Smaller ones behind one of this size go along, but don't count: else a few small ones would have a large one written again.
            var (tail, together, likes) = (merged, size, size > least ? 1 : 0);
            for (; tail < sizes.Count && sizes[^(tail + 1)] is var entries && entries <= most; tail++)
            {
                together += entries;
                likes += entries > least ? 1 : 0;
            }

            if (likes >= Fan)
            {
                (merged, size) = (tail, together);
            }
        }

        return merged;
    }

    /// <summary>All entries in order, each once, as the newest run has it.</summary>
    private static IEnumerable<(long Hash, long KeyHash, bool IsGone)> Merged(DbConnection read, List<HolderRun> runs)
    {
        var next = new PriorityQueue<IEnumerator<(long Hash, long KeyHash)>, (long Hash, long KeyHash, int Age)>();
        var ages = new Dictionary<IEnumerator<(long Hash, long KeyHash)>, int>();
        for (var i = 0; i < runs.Count; i++)
        {
            var entries = Entries(read, runs[i].Run).GetEnumerator();
            ages[entries] = runs.Count - 1 - i;
            Advance(entries);
        }

        (long, long)? last = null;
        while (next.TryDequeue(out var entries, out var first))
        {
            if (last != (first.Hash, first.KeyHash))
            {
                last = (first.Hash, first.KeyHash);
                yield return (first.Hash, first.KeyHash, runs[runs.Count - 1 - first.Age].IsGone);
            }

            Advance(entries);
        }

        void Advance(IEnumerator<(long Hash, long KeyHash)> entries)
        {
            if (entries.MoveNext())
            {
                next.Enqueue(entries, (entries.Current.Hash, entries.Current.KeyHash, ages[entries]));
            }
        }
    }

    /// <summary>The entries of a run in order, some blocks at a time.</summary>
    internal static IEnumerable<(long Hash, long KeyHash)> Entries(DbConnection read, long run)
    {
        for (long? from = long.MinValue; from is { } first;)
        {
            var blocks = read.Rows(
                $"SELECT blob FROM holder_block WHERE run = @r AND first >= @f ORDER BY first LIMIT {BlocksAtOnce}", r => r.Blob(0), ("@r", run), ("@f", first));
            from = null;
            foreach (var block in blocks)
            {
                var count = HolderBlock.Count(block);
                for (var i = 0; i < count; i++)
                {
                    yield return (HolderBlock.Hash(block, i), HolderBlock.KeyHash(block, i));
                }

                var last = HolderBlock.Hash(block, count - 1);
                from = blocks.Count < BlocksAtOnce || last == long.MaxValue ? null : last + 1; // a hash is in one block
            }
        }
    }
}
