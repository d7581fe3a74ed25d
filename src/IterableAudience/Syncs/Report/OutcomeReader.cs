using System.Data.Common;
using IterableAudience.Records;
using IterableAudience.Store;
using IterableAudience.Syncs.Plan;
using IterableAudience.Syncs.Send;

namespace IterableAudience.Syncs.Report;

/// <summary>
/// Puts together what became of the records of one slice of the key space: the verdicts of planning, the stage of each operation, the
/// recorded answers. The report and the record pages are both made of this; there is no second count.
/// </summary>
/// <param name="connection">Open for reading.</param>
/// <param name="batches">The batches of the sync.</param>
/// <param name="planSync">The sync whose records and plan are read.</param>
/// <param name="unsent">What a planned operation without an answer is: pending while the sync runs, planned for a dry run, else not sent, and why.</param>
internal sealed class OutcomeReader(DbConnection connection, BatchStore batches, long planSync, RecordOutcome unsent)
{
    private static readonly Stage[] PlannedStages =
        [Stage.Retain, Stage.Unsubscribe, Stage.FollowUnsubscribe, Stage.Subscribe, Stage.FollowSubscribe, Stage.SettleReplaced, Stage.FollowReplaced, Stage.Keep];

    private readonly Dictionary<Stage, List<(int Number, int First, int Last)>> _batches = [];

    /// <summary>What became of an operation, and the batch that it was in.</summary>
    internal readonly record struct OfOperation(RecordOutcome Outcome, Stage Stage, int Batch);

    /// <summary>All operations of a slice by their place in it.</summary>
    public OfOperation[] Operations(int part)
    {
        var stages = connection.Rows(
            "SELECT stages FROM plan_part WHERE sync = @s AND part = @p", r => r.Blob(0), ("@s", planSync), ("@p", part)).FirstOrDefault() ?? [];
        var operations = new OfOperation[stages.Length];
        for (var i = 0; i < stages.Length; i++)
        {
            operations[i] = new(Before((Stage)stages[i]), (Stage)stages[i], -1);
        }

        foreach (var stage in PlannedStages)
        {
            int[] numbers = [.. Batches(stage).Where(b => b.First <= part && b.Last >= part).Select(b => b.Number)];
            foreach (var (number, ords, result) in batches.Answers(connection, stage, numbers))
            {
                Fill(operations, part, stage, number, ords, result);
            }
        }

        return operations;
    }

    /// <summary>The outcome of a record by its verdict.</summary>
    public static RecordOutcome Of(Verdict verdict, OfOperation[] operations)
    {
        if (verdict.IsFinal)
        {
            return new(verdict.Outcome, verdict.Reason);
        }

        var outcome = operations[verdict.FirstOrd].Outcome;
        for (var i = 1; i < verdict.Count; i++)
        {
            outcome = RecordOutcome.Worse(outcome, operations[verdict.FirstOrd + i].Outcome);
        }

        return outcome;
    }

    /// <summary>What an operation is that no answer speaks of.</summary>
    private RecordOutcome Before(Stage stage) => stage switch
    {
        Stage.None => new(Outcome.Unchanged, Reason.None),
        Stage.Stay => new(Outcome.Retained, Reason.HeldByAnotherRecord),
        _ => unsent,
    };

    private List<(int Number, int First, int Last)> Batches(Stage stage)
        => _batches.TryGetValue(stage, out var known)
            ? known
            : _batches[stage] = connection.Rows(
                "SELECT n, first_part, last_part FROM batch WHERE sync = @o AND stage = @g",
                r => (r.GetInt32(0), r.GetInt32(1), r.GetInt32(2)), ("@o", planSync), ("@g", (int)stage));

    private void Fill(OfOperation[] operations, int part, Stage stage, int number, byte[] ords, byte[]? result)
    {
        for (var i = 0; i < ords.Length / 6; i++)
        {
            var reference = Batch.RefAt(ords, i);
            if (reference.Part != part)
            {
                continue;
            }

            var outcome = result is null || result[2 * i] == (byte)Outcome.Pending
                ? unsent
                : new RecordOutcome((Outcome)result[2 * i], (Reason)result[(2 * i) + 1]);
            operations[reference.Ord] = new(outcome.Outcome == Outcome.NotSent ? unsent : outcome, stage, number);
        }
    }
}
