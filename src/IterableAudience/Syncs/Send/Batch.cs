using System.Buffers.Binary;
using IterableAudience.Store;
using IterableAudience.Syncs.Plan;

namespace IterableAudience.Syncs.Send;

/// <summary>A batch read back from the store.</summary>
internal sealed class Batch(Stage stage, int number, byte[] ords, byte[] blob)
{
    public Stage Stage { get; } = stage;

    /// <summary>Its place within its stage, from 0.</summary>
    public int Number { get; } = number;

    public PlanOp[] Operations { get; } = Decode(ords, blob);

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

    private static PlanOp[] Decode(byte[] ords, byte[] blob)
    {
        var reader = new BlobReader(blob);
        PlanOpCodec.CheckVersion(ref reader);

        var operations = new PlanOp[ords.Length / 6];
        for (var i = 0; i < operations.Length; i++)
        {
            operations[i] = PlanOpCodec.Read(ref reader, RefAt(ords, i));
        }

        return operations;
    }
}
