using IterableAudience.Store;
using IterableAudience.Syncs.Plan;

namespace IterableAudience.Syncs.Mirror;

/// <summary>
/// The rows of a source on their way from the warehouse to the diff: dealt out to slices of the key-hash space, so that each slice can be sorted in
/// memory. A row is the hash of its key, the key, and its values; those without a key are kept apart.
/// </summary>
internal sealed class SourceRows(KeyedHash hash) : IDisposable
{
    private const int InMemory = 16 * 1024 * 1024;
    private readonly Spill _spill = new(BaselineBlob.Parts, InMemory);
    private readonly BlobWriter _row = new(1024);
    private readonly BlobWriter _text = new(1024);

    public long Count { get; private set; }

    /// <summary>Adds a row with a key.</summary>
    public void Add(string key, ReadOnlySpan<string?> values)
    {
        Count++;
        _text.Clear();
        _text.Text(key);
        var bytes = new BlobReader(_text.Written).Text();
        var order = BaselineBlob.Order(hash, bytes);
        _row.Clear();
        _row.Int32(0);
        _row.Int64((long)order);
        _row.Text(bytes);
        foreach (var value in values)
        {
            _row.Byte((byte)(value is null ? 0 : 1));
            if (value is not null)
            {
                _row.Text(value);
            }
        }

        _row.PatchInt32(0, _row.Length - sizeof(int));
        _spill.Append(BaselineBlob.PartOf((long)order), _row.Written);
    }

    /// <summary>The rows of a slice, in the order of their keys.</summary>
    public Part Read(int part) => new(_spill.Read(part));

    public void Dispose() => _spill.Dispose();

    /// <summary>The sorted rows of one slice.</summary>
    internal sealed class Part : IDisposable
    {
        private readonly PooledArray<byte> _bytes;
        private readonly PooledArray<ulong> _hashes;
        private readonly PooledArray<int> _offsets;

        public Part(PooledArray<byte> bytes)
        {
            _bytes = bytes;
            var count = 0;
            for (var at = 0; at < bytes.Length; count++)
            {
                at += sizeof(int) + new BlobReader(bytes.Span, at).Int32();
            }

            (_hashes, _offsets) = (new(count), new(count));
            var hashes = _hashes.Span;
            var offsets = _offsets.Span;
            for (var (row, at) = (0, 0); row < count; row++)
            {
                var reader = new BlobReader(bytes.Span, at);
                var length = reader.Int32();
                hashes[row] = (ulong)reader.Int64();
                offsets[row] = reader.Position;
                at += sizeof(int) + length;
            }

            hashes.Sort(offsets);
            SortTies();
        }

        public int Count => _offsets.Length;

        public ulong KeyHash(int row) => _hashes.Span[row];

        public ReadOnlySpan<byte> Key(int row) => new BlobReader(_bytes.Span, _offsets.Span[row]).Text();

        /// <summary>The hash of a row's values; never <see cref="BaselineEntry.Unknown"/>.</summary>
        public long ValuesHash(int row, int columns)
        {
            var reader = new BlobReader(_bytes.Span, _offsets.Span[row]);
            reader.Text();
            var start = reader.Position;
            for (var i = 0; i < columns; i++)
            {
                if (reader.Byte() == 1)
                {
                    reader.Text();
                }
            }

            var hash = (long)System.IO.Hashing.XxHash3.HashToUInt64(_bytes.Span[start..reader.Position]);
            return hash == BaselineEntry.Unknown ? 1 : hash;
        }

        /// <summary>Reads a row's values.</summary>
        public void Values(int row, Span<string?> values)
        {
            var reader = new BlobReader(_bytes.Span, _offsets.Span[row]);
            reader.Text();
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = reader.Byte() == 1 ? reader.String() : null;
            }
        }

        public void Dispose()
        {
            _bytes.Dispose();
            _hashes.Dispose();
            _offsets.Dispose();
        }

        /// <summary>Keys of one hash by their bytes: the same rows always in the same order, and equal keys side by side.</summary>
        private void SortTies()
        {
            var hashes = _hashes.Span;
            for (var i = 1; i < hashes.Length; i++)
            {
                if (hashes[i] == hashes[i - 1])
                {
                    var end = i;
                    while (end < hashes.Length && hashes[end] == hashes[i])
                    {
                        end++;
                    }

                    _offsets.Span[(i - 1)..end].Sort((a, b) => Compare(a, b));
                    i = end;
                }
            }
        }

        private int Compare(int a, int b)
        {
            var order = new BlobReader(_bytes.Span, a).Text().SequenceCompareTo(new BlobReader(_bytes.Span, b).Text());
            return order != 0 ? order : a.CompareTo(b);
        }
    }
}
