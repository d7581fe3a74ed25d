using System.Buffers.Binary;

namespace IterableAudience.Syncs.Ledger;

/// <summary>
/// A few dozen entries of a run of holders, in order, as they are stored: a version byte, then hash of the identifier and hash of the key, eight bytes each,
/// big-endian. All entries of a hash are in one block, so that one look finds them.
/// </summary>
internal static class HolderBlock
{
    /// <summary>Entries of a block, more only where one hash has more: some 500 bytes, which both stores keep in the row, and which are read for one look-up.</summary>
    public const int Entries = 32;

    public const int HeadSize = 1;
    public const int EntrySize = 16;
    private const byte Version = 1;

    public static void WriteHead(Span<byte> into) => into[0] = Version;

    public static void WriteEntry(Span<byte> into, long hash, long keyHash)
    {
        BinaryPrimitives.WriteInt64BigEndian(into, hash);
        BinaryPrimitives.WriteInt64BigEndian(into[8..], keyHash);
    }

    public static int Count(ReadOnlySpan<byte> block)
        => block is [Version, ..] && (block.Length - HeadSize) % EntrySize == 0
            ? (block.Length - HeadSize) / EntrySize
            : throw new InvalidDataException("A block of holders is not what this version writes.");

    public static long Hash(ReadOnlySpan<byte> block, int entry) => BinaryPrimitives.ReadInt64BigEndian(block[(HeadSize + (entry * EntrySize))..]);

    public static long KeyHash(ReadOnlySpan<byte> block, int entry) => BinaryPrimitives.ReadInt64BigEndian(block[(HeadSize + (entry * EntrySize) + 8)..]);

    /// <summary>The entries with a hash: the first of them and the one behind the last.</summary>
    public static (int From, int To) Find(ReadOnlySpan<byte> block, long hash)
    {
        var (from, end) = (0, Count(block));
        for (var to = end; from < to;)
        {
            var middle = (from + to) / 2;
            (from, to) = Hash(block, middle) < hash ? (middle + 1, to) : (from, middle);
        }

        var last = from;
        while (last < end && Hash(block, last) == hash)
        {
            last++;
        }

        return (from, last);
    }
}
