using IterableAudience.Store;
using IterableAudience.Syncs.Staging;

namespace IterableAudience.Syncs.Plan;

/// <summary>The order in which the records of a slice are planned.</summary>
internal static class KeyOrder
{
    /// <summary>Places of the records that have a key, by key hash and then in the order of arrival. Fills in their key hashes.</summary>
    public static int[] Of(Span<StagedRecord> records, KeyedHash hash)
    {
        var hashes = new long[records.Length];
        var order = new int[records.Length];
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

        Array.Resize(ref hashes, count);
        Array.Resize(ref order, count);
        Array.Sort(hashes, order);
        for (var i = 0; i < count;)
        {
            var end = i + 1;
            while (end < count && hashes[end] == hashes[i])
            {
                end++;
            }

            if (end - i > 1)
            {
                Array.Sort(order, i, end - i);
            }

            i = end;
        }

        return order;
    }
}
