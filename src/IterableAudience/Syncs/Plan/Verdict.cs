using IterableAudience.Records;
using IterableAudience.Store;

namespace IterableAudience.Syncs.Plan;

/// <summary>
/// What planning decided for a record: an outcome that no answer can change, or the operations that decide it (the worst of their outcomes).
/// </summary>
internal readonly record struct Verdict(Outcome Outcome, Reason Reason, int FirstOrd, int Count)
{
    public const byte Version = 1;

    public bool IsFinal => Outcome != Outcome.Pending;

    public static Verdict Final(Outcome outcome, Reason reason) => new(outcome, reason, 0, 0);

    public static Verdict Operations(int firstOrd, int count) => new(Outcome.Pending, Reason.None, firstOrd, count);

    public void Write(BlobWriter blob)
    {
        blob.Byte((byte)Outcome);
        if (IsFinal)
        {
            blob.Byte((byte)Reason);
        }
        else
        {
            blob.Varint((uint)FirstOrd);
            blob.Varint((uint)Count);
        }
    }

    /// <summary>The stored form of some records' verdicts.</summary>
    public static byte[] Encode(BlobWriter scratch, ReadOnlySpan<Verdict> verdicts)
    {
        scratch.Clear();
        scratch.Byte(Version);
        foreach (ref readonly var verdict in verdicts)
        {
            verdict.Write(scratch);
        }

        return scratch.ToArray();
    }

    public static List<Verdict> ReadAll(byte[] blob)
    {
        var reader = new BlobReader(blob);
        if (reader.Byte() != Version)
        {
            throw new InvalidDataException("A plan's verdicts have a version that this program does not know.");
        }

        List<Verdict> verdicts = [];
        while (!reader.AtEnd)
        {
            var outcome = (Outcome)reader.Byte();
            verdicts.Add(outcome != Outcome.Pending
                ? Final(outcome, (Reason)reader.Byte())
                : Operations((int)reader.Varint(), (int)reader.Varint()));
        }

        return verdicts;
    }
}
