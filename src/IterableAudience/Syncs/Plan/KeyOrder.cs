using IterableAudience.Store;
using IterableAudience.Syncs.Staging;

namespace IterableAudience.Syncs.Plan;

/// <summary>The order in which the records of a slice are planned.</summary>
internal static class KeyOrder
{
    /// <summary>Places of the records that have a key, by key hash and then in the order of arrival. Fills in their key hashes.</summary>
    /// <param name="records">Of a slice.</param>
    /// <param name="hash">Of keys.</param>
    /// <param name="order">Where the places go: has room for all records.</param>
    /// <returns>How many have a key.</returns>
    public static int Of(Span<StagedRecord> records, KeyedHash hash, Span<int> order)
    {
        using var pooled = new PooledArray<long>(records.Length);
        var hashes = pooled.Span;
        var count = 0;
        for (var i = 0; i < records.Length; i++)
        {
            ref var record = ref records[i];
            var (kind, key) = record.Key;
            if (kind != KeyKind.None)
            {
                record.KeyHash = hash.Key((byte)kind, key.Of(record.Blob));
                (hashes[count], order[count]) = (record.KeyHash, i);
                count++;
            }
        }

        hashes = hashes[..count];
        hashes.Sort(order[..count]);
        for (var i = 0; i < count;)
        {
            var end = i + 1;
            while (end < count && hashes[end] == hashes[i])
            {
                end++;
            }

            if (end - i > 1)
            {
                order[i..end].Sort();
            }

            i = end;
        }

        return count;
    }
}
