using System.Buffers.Binary;
using System.Text;

namespace IterableAudience.Store;

/// <summary>Reads what <see cref="BlobWriter"/> wrote. Throws on a blob that ends too early: that is a damaged store, not bad input.</summary>
internal ref struct BlobReader(ReadOnlySpan<byte> blob, int start = 0)
{
    private readonly ReadOnlySpan<byte> _blob = blob;

    public int Position { get; private set; } = start;

    public readonly bool AtEnd => Position >= _blob.Length;

    public byte Byte() => _blob[Position++];

    public ushort UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Bytes(2));

    public int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Bytes(4));

    public long Int64() => BinaryPrimitives.ReadInt64LittleEndian(Bytes(8));

    public uint Varint()
    {
        uint value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var b = Byte();
            value |= (uint)(b & 0x7F) << shift;
            if (b < 0x80)
            {
                return value;
            }
        }
    }

    public ReadOnlySpan<byte> Bytes(int count)
    {
        var span = _blob.Slice(Position, count);
        Position += count;
        return span;
    }

    public ReadOnlySpan<byte> Text() => Bytes((int)Varint());

    public void Skip(int count) => Position += count;

    public string String() => Encoding.UTF8.GetString(Text());

    /// <summary>Passes over a text and says where it lay.</summary>
    public Slice SkipText()
    {
        var length = (int)Varint();
        var slice = new Slice(Position, length);
        Position += length;
        return slice;
    }
}
