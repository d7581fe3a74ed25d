using System.Data.Common;
using System.Runtime.InteropServices;
using IterableAudience.Records;
using IterableAudience.Store;
using IterableAudience.Syncs.Plan;
using IterableAudience.Syncs.Staging;

namespace IterableAudience.Syncs.Retry;

/// <summary>The records of earlier syncs that a sync tries again, as a chunk of its own.</summary>
internal static class RetryChunk
{
    /// <summary>Reads what earlier syncs left open and no keyless delete has ended; before what came with this sync, since it is older.</summary>
    public static void Read(DbConnection read, PlanRun run, int part, List<StagedRecord> into)
    {
        if (!run.Mode.RetryFailed)
        {
            return;
        }

        RetrySet.Read(read, run.Connection, run.Partitions == 1 ? null : part, CutStep.RetrySeq, into);
        using var places = run.Outdated.Read(part);
        if (places.Length > 0)
        {
            var outdated = new HashSet<int>(MemoryMarshal.Cast<byte, int>(places.Span).ToArray());
            var place = 0;
            into.RemoveAll(_ => outdated.Contains(place++));
        }
    }

    /// <summary>Encodes those that no later record replaced, and adds their verdicts.</summary>
    /// <param name="records">Kept records in front.</param>
    /// <param name="verdicts">Theirs.</param>
    /// <param name="blobs">Verdict blobs by sequence number.</param>
    public static (int Count, byte[] Chunk) Encode(List<StagedRecord> records, ReadOnlySpan<Verdict> verdicts, List<(int Seq, byte[] Verdicts)> blobs)
    {
        if (verdicts.Length == 0)
        {
            return (0, []);
        }

        var chunk = new BlobWriter();
        var decided = new BlobWriter();
        chunk.Byte(ChunkCodec.Version);
        decided.Byte(Verdict.Version);
        var count = 0;
        for (var i = 0; i < verdicts.Length; i++)
        {
            var record = records[i];
            if (verdicts[i].Outcome is not (Outcome.Superseded or Outcome.Rejected))
            {
                ChunkCodec.WriteRetried(chunk, record, record.Identity, record.Attempts, record.Since);
                verdicts[i].Write(decided);
                count++;
            }
        }

        if (count == 0)
        {
            return (0, []);
        }

        blobs.Add((CutStep.RetrySeq, decided.ToArray()));
        return (count, chunk.ToArray());
    }
}
