using IterableAudience.Store;

namespace IterableAudience.Syncs.Mirror;

/// <summary>
/// A slice of a baseline: a version byte, then for each key, in the order of its hash, the key (text), the hash of its values (8 bytes) and the change (a byte).
/// </summary>
internal static class BaselineBlob
{
    public const byte Version = 1;

    /// <summary>Slices of the key-hash space: few enough for a small source, small enough for a large one.</summary>
    public const int Parts = 64;

    public static int PartOf(long keyHash) => (int)((ulong)keyHash >> 58);

    public static void Begin(BlobWriter blob)
    {
        blob.Clear();
        blob.Byte(Version);
    }

    public static void Write(BlobWriter blob, ReadOnlySpan<byte> key, BaselineEntry entry)
    {
        blob.Text(key);
        blob.Int64(entry.Values);
        blob.Byte((byte)entry.Change);
    }

    /// <summary>Reads the keys one after the other.</summary>
    internal ref struct Reader
    {
        private readonly KeyedHash _hash;
        private BlobReader _blob;

        /// <param name="blob">Empty where there is no such slice.</param>
        /// <param name="hash">Of the store.</param>
        public Reader(ReadOnlySpan<byte> blob, KeyedHash hash)
        {
            _blob = new BlobReader(blob);
            _hash = hash;
            if (blob.Length > 0 && _blob.Byte() != Version)
            {
                throw new InvalidDataException("A baseline has a version that this program does not know.");
            }

            Next();
        }

        /// <summary>False behind the last key.</summary>
        public bool Has { get; private set; }

        public ReadOnlySpan<byte> Key { get; private set; }

        public ulong KeyHash { get; private set; }

        public BaselineEntry Entry { get; private set; }

        public void Next()
        {
            Has = !_blob.AtEnd;
            if (Has)
            {
                Key = _blob.Text();
                KeyHash = Order(_hash, Key);
                Entry = new(_blob.Int64(), (RowChange)_blob.Byte());
            }
        }
    }

    /// <summary>What keys are ordered by, and then by their bytes.</summary>
    public static ulong Order(KeyedHash hash, ReadOnlySpan<byte> key) => (ulong)hash.Key((byte)Staging.KeyKind.Primary, key);
}
