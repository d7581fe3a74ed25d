using System.Buffers.Binary;
using System.Text;

namespace IterableAudience.Store;

/// <summary>Writes the compact blobs of the lean tables: bytes, little-endian numbers, varints and length-prefixed UTF-8.</summary>
internal sealed class BlobWriter(int capacity = 4096)
{
    private byte[] _buffer = new byte[capacity];

    public int Length { get; private set; }

    public int Capacity => _buffer.Length;

    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, Length);

    public void Clear() => Length = 0;

    /// <summary>Cuts off everything from <paramref name="length"/> on.</summary>
    public void Truncate(int length) => Length = length;

    public byte[] ToArray() => Written.ToArray();

    public void Byte(byte value) => Take(1)[0] = value;

    public void UInt16(ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(Take(2), value);

    public void Int32(int value) => BinaryPrimitives.WriteInt32LittleEndian(Take(4), value);

    public void Int64(long value) => BinaryPrimitives.WriteInt64LittleEndian(Take(8), value);

    public void Varint(uint value)
    {
        while (value >= 0x80)
        {
            Byte((byte)(value | 0x80));
            value >>= 7;
        }

        Byte((byte)value);
    }

    public void Bytes(ReadOnlySpan<byte> value) => value.CopyTo(Take(value.Length));

    /// <summary>Length as a varint, then the bytes.</summary>
    public void Text(ReadOnlySpan<byte> utf8)
    {
        Varint((uint)utf8.Length);
        Bytes(utf8);
    }

    public void Text(string value)
    {
        // Most texts are short: their length in bytes fits one varint byte, written after the fact.
        if (value.Length <= 42)
        {
            var room = Take(1 + (value.Length * 3));
            var count = Encoding.UTF8.GetBytes(value, room[1..]);
            room[0] = (byte)count;
            Length -= room.Length - 1 - count;
            return;
        }

        Varint((uint)Encoding.UTF8.GetByteCount(value));
        Length += Encoding.UTF8.GetBytes(value, Reserve(Encoding.UTF8.GetByteCount(value)));
    }

    public void PatchByte(int offset, byte value) => _buffer[offset] = value;

    public void PatchInt32(int offset, int value) => BinaryPrimitives.WriteInt32LittleEndian(_buffer.AsSpan(offset), value);

    private Span<byte> Take(int count)
    {
        var span = Reserve(count)[..count];
        Length += count;
        return span;
    }

    private Span<byte> Reserve(int count)
    {
        if (_buffer.Length - Length < count)
        {
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, Length + count));
        }

        return _buffer.AsSpan(Length);
    }
}
