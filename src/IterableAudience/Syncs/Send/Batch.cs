using System.Buffers.Binary;
using IterableAudience.Records;
using IterableAudience.Store;
using IterableAudience.Syncs.Plan;

namespace IterableAudience.Syncs.Send;

/// <summary>A batch read back from the store. Its operations are read in place, each when somebody wants it.</summary>
internal sealed class Batch(Stage stage, int number, byte[] ords, byte[] blob)
{
    private readonly int[] _starts = Starts(ords, blob);

    public Stage Stage { get; } = stage;

    /// <summary>Its place within its stage, from 0.</summary>
    public int Number { get; } = number;

    /// <summary>Number of operations.</summary>
    public int Count => _starts.Length;

    /// <summary>The bytes that the slices of an <see cref="OpHead"/> are of.</summary>
    public byte[] Blob => blob;

    /// <summary>An operation at first sight.</summary>
    public OpHead Head(int index)
    {
        var reader = new BlobReader(blob, _starts[index]);
        return PlanOpCodec.ReadHead(ref reader);
    }

    /// <summary>A whole operation.</summary>
    public PlanOp Operation(int index)
    {
        var reader = new BlobReader(blob, _starts[index]);
        return PlanOpCodec.Read(ref reader, RefAt(ords, index));
    }

    /// <summary>The keys of all operations.</summary>
    public long[] KeyHashes()
    {
        var hashes = new long[Count];
        for (var i = 0; i < hashes.Length; i++)
        {
            hashes[i] = Head(i).KeyHash;
        }

        return hashes;
    }

    /// <summary>Whom a request names: both identifiers in a subscribe; in an unsubscribe one, the userId if there is one.</summary>
    public EncodedIdentities Subscribers(bool both)
    {
        var identities = new (ReadOnlyMemory<byte>, ReadOnlyMemory<byte>)[Count];
        for (var i = 0; i < identities.Length; i++)
        {
            var head = Head(i);
            identities[i] = (both || !head.UserId.Exists ? Memory(head.Email) : default, Memory(head.UserId));
        }

        return new EncodedIdentities(identities);
    }

    public static OpRef RefAt(ReadOnlySpan<byte> ords, int index)
        => new(BinaryPrimitives.ReadUInt16LittleEndian(ords[(index * 6)..]), BinaryPrimitives.ReadInt32LittleEndian(ords[((index * 6) + 2)..]));

    /// <summary>The place of an operation in a batch, or -1.</summary>
    public static int IndexOf(ReadOnlySpan<byte> ords, OpRef reference)
    {
        var (low, high) = (0, (ords.Length / 6) - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var order = RefAt(ords, middle).CompareTo(reference);
            if (order == 0)
            {
                return middle;
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return -1;
    }

    private static int[] Starts(byte[] ords, byte[] blob)
    {
        var reader = new BlobReader(blob);
        PlanOpCodec.CheckVersion(ref reader);
        var starts = new int[ords.Length / 6];
        for (var i = 0; i < starts.Length; i++)
        {
            starts[i] = reader.Position;
            PlanOpCodec.ReadHead(ref reader);
        }

        return starts;
    }

    private ReadOnlyMemory<byte> Memory(Slice slice) => slice.Exists ? blob.AsMemory(slice.Offset, slice.Length) : default;
}
