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
        "UPDATE verdict v SET outcomes = r.o FROM unnest(@p2, @p3, @p4) AS r (p, s, o) WHERE v.sync = @p1 AND v.part = r.p AND v.seq = r.s",
        RowPlaces: 2);

    /// <summary>Chunks whose outcomes are written at once: others wait for the writer, too.</summary>
    private const int Noted = 4096;

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
        List<(int Part, int Seq, long Outcomes)> bits = [];
        for (var part = 0; part < Math.Max(1, sync.Partitions); part++)
        {
            cancel.ThrowIfCancellationRequested();
            CountPart(connection, outcomes, part, unsent, counts, bits);
            if (bits.Count >= Noted)
            {
                await NoteAsync();
            }
        }

        await NoteAsync();
        return counts;

        async Task NoteAsync()
        {
            if (noteOutcomes && bits.Count > 0)
            {
                await store.WriteAsync(
                    write =>
                    {
                        using var note = BulkStatement.Of(write, NoteOutcomes).Bind(1, sync.No);
                        foreach (var (part, seq, outcomes) in bits)
                        {
                            note.Bind(2, part).Bind(3, seq).Bind(4, outcomes).Run();
                        }

                        note.Finish();
                    },
                    durable: false,
                    cancel);
            }

            bits.Clear();
        }
    }

    private void CountPart(
        System.Data.Common.DbConnection connection, OutcomeReader reader, int part, RecordOutcome unsent, OutcomeCounts counts,
        List<(int Part, int Seq, long Outcomes)> bits)
    {
        var verdicts = sync.PlanHash is null ? [] : connection.Rows(
            "SELECT seq, blob FROM verdict WHERE sync = @s AND part = @p", r => (Seq: r.GetInt32(0), Blob: r.Blob(1)), ("@s", sync.PlanSyncNo), ("@p", part));
        if (verdicts.Count == 0)
        {
            CountUnplanned(connection, part, unsent, counts);
            return;
        }

        var operations = reader.Operations(part);
        foreach (var operation in operations)
        {
            if (operation.Stage is Stage.Unsubscribe or Stage.Subscribe or Stage.SettleReplaced)
            {
                counts.Answered += operation.Outcome != unsent ? 1 : 0;
                counts.Sent(operation.Stage == Stage.Subscribe, operation.Outcome.Outcome);
            }
        }

        foreach (var (seq, blob) in verdicts)
        {
            // Most records fare as the one before.
            var (outcomes, last, run) = (0L, default(RecordOutcome), 0);
            foreach (var verdict in Verdict.ReadAll(blob))
            {
                var outcome = OutcomeReader.Of(verdict, operations);
                if (outcome != last && run > 0)
                {
                    counts.Add(last, run);
                    run = 0;
                }

                (last, run) = (outcome, run + 1);
                outcomes |= 1L << (int)outcome.Outcome;
            }

            if (run > 0)
            {
                counts.Add(last, run);
            }

            bits.Add((part, seq, outcomes));
        }
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
