using IterableAudience.Records;
using IterableAudience.Store;
using IterableAudience.Syncs.Plan;
using IterableAudience.Syncs.Send;
using IterableAudience.Syncs.Staging;

namespace IterableAudience.Syncs.Report;

/// <summary>Counts a sync from what the store holds of it, slice by slice, and notes for each chunk which outcomes occur in it.</summary>
internal sealed class ReportBuilder(LeanStore store, BatchStore batches, Sync sync)
{
    private static readonly BulkSql NoteOutcomes = new(
        "UPDATE verdict SET outcomes = ?4 WHERE sync = ?1 AND part = ?2 AND seq = ?3",
        "UPDATE verdict v SET outcomes = r.o FROM unnest(@p3, @p4) AS r (s, o) WHERE v.sync = @p1 AND v.part = @p2 AND v.seq = r.s",
        RowPlaces: 3);

    /// <summary>
    /// One pass over verdicts and answers. Records that were staged but never planned count as rejected where validation refused them, else as unsent;
    /// what a plan left behind that was not finished (it has no hash) counts for nothing.
    /// </summary>
    /// <param name="unsent">What an operation without an answer is by now.</param>
    /// <param name="noteOutcomes">Write the outcome bits of the chunks (a closed sync that owns its plan).</param>
    public async Task<OutcomeCounts> CountAsync(RecordOutcome unsent, bool noteOutcomes, CancellationToken cancel)
    {
        var counts = new OutcomeCounts();
        using var connection = store.OpenRead();
        var outcomes = new OutcomeReader(connection, batches, sync.PlanSyncNo, unsent);
        for (var part = 0; part < Math.Max(1, sync.Partitions); part++)
        {
            var bits = CountPart(connection, outcomes, part, unsent, counts);
            if (noteOutcomes && bits.Count > 0)
            {
                await store.WriteAsync(
                    write =>
                    {
                        using var note = BulkStatement.Of(write, NoteOutcomes).Bind(1, sync.No).Bind(2, part);
                        foreach (var (seq, outcomes) in bits)
                        {
                            note.Bind(3, seq).Bind(4, outcomes).Run();
                        }

                        note.Finish();
                    },
                    durable: false,
                    cancel);
            }
        }

        return counts;
    }

    private List<(int Seq, long Outcomes)> CountPart(
        System.Data.Common.DbConnection connection, OutcomeReader reader, int part, RecordOutcome unsent, OutcomeCounts counts)
    {
        var verdicts = sync.PlanHash is null ? [] : connection.Rows(
            "SELECT seq, blob FROM verdict WHERE sync = @s AND part = @p", r => (Seq: r.GetInt32(0), Blob: r.Blob(1)), ("@s", sync.PlanSyncNo), ("@p", part));
        if (verdicts.Count == 0)
        {
            CountUnplanned(connection, part, unsent, counts);
            return [];
        }

        var operations = reader.Operations(part);
        counts.Answered += operations.Count(o => o.Stage is Stage.Unsubscribe or Stage.Subscribe or Stage.SettleReplaced && o.Outcome != unsent);
        List<(int, long)> bits = [];
        foreach (var (seq, blob) in verdicts)
        {
            var outcomes = 0L;
            foreach (var verdict in Verdict.ReadAll(blob))
            {
                var outcome = OutcomeReader.Of(verdict, operations);
                counts.Add(outcome);
                outcomes |= 1L << (int)outcome.Outcome;
            }

            bits.Add((seq, outcomes));
        }

        return bits;
    }

    private void CountUnplanned(
        System.Data.Common.DbConnection connection, int part, RecordOutcome unsent, OutcomeCounts counts)
    {
        List<StagedRecord> records = [];
        foreach (var (seq, blob) in connection.Rows(
            "SELECT seq, blob FROM chunk WHERE sync = @s AND part = @p", r => (r.GetInt32(0), r.Blob(1)), ("@s", sync.PlanSyncNo), ("@p", part)))
        {
            records.Clear();
            ChunkCodec.Read(blob, seq, records);
            foreach (var record in records.Where(r => !IsOfPlan(r)))
            {
                counts.Add(Unplanned(record, unsent));
            }
        }
    }

    /// <summary>Whether nobody sent the record: the plan added it.</summary>
    internal static bool IsOfPlan(in StagedRecord record) => (record.Flags & (StagedFlags.Absent | StagedFlags.Retried)) != 0;

    /// <summary>What a record is that was never planned.</summary>
    internal static RecordOutcome Unplanned(in StagedRecord record, RecordOutcome unsent)
        => record.Rejection != Reason.None && (record.Action != RecordAction.Delete || (record.Flags & StagedFlags.Unusable) != 0)
            ? new(Outcome.Rejected, record.Rejection)
            : unsent;
}
