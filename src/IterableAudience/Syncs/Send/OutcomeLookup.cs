using System.Data.Common;
using IterableAudience.Records;
using IterableAudience.Syncs.Plan;

namespace IterableAudience.Syncs.Send;

/// <summary>Finds what became of an operation by its name; used where one operation hangs on another. Keeps many batches at hand, some kilobytes each: who is looked for may be in any of them.</summary>
internal sealed class OutcomeLookup(BatchStore batches, DbConnection connection)
{
    private const int Kept = 2048;

    private readonly Dictionary<Stage, OpRef[]> _starts = [];
    private readonly Dictionary<(Stage, int), (byte[] Ords, byte[]? Result)> _kept = [];

    /// <summary>The outcome, and where the operation stands; null when it is in none of the stages.</summary>
    public (Outcome Outcome, Reason Reason, Stage Stage, int Batch, int Index)? Find(OpRef reference, params ReadOnlySpan<Stage> stages)
    {
        foreach (var stage in stages)
        {
            if (!_starts.TryGetValue(stage, out var starts))
            {
                _starts[stage] = starts = batches.Starts(connection, stage);
            }

            var number = Array.BinarySearch(starts, reference);
            number = number < 0 ? ~number - 1 : number;
            if (number < 0)
            {
                continue;
            }

            var (ords, result) = Load(stage, number);
            var index = Batch.IndexOf(ords, reference);
            if (index >= 0)
            {
                return result is null
                    ? (Outcome.Pending, Reason.None, stage, number, index)
                    : ((Outcome)result[2 * index], (Reason)result[(2 * index) + 1], stage, number, index);
            }
        }

        return null;
    }

    /// <summary>The operation at a place that <see cref="Find"/> gave.</summary>
    public PlanOp Operation(Stage stage, int number, int index) => batches.Load(connection, stage, number).Operation(index);

    private (byte[] Ords, byte[]? Result) Load(Stage stage, int number)
    {
        if (_kept.TryGetValue((stage, number), out var known))
        {
            return known;
        }

        if (_kept.Count >= Kept)
        {
            _kept.Clear();
        }

        var loaded = (Ords: batches.Ords(connection, stage, number), Result: batches.Result(connection, stage, number));
        if (loaded.Result is not null)
        {
            _kept[(stage, number)] = loaded; // a batch without a result may get one while we look
        }

        return loaded;
    }
}
