using IterableAudience.Iterable;
using IterableAudience.Records;
using IterableAudience.Store;
using IterableAudience.Syncs.Plan;
using Microsoft.Data.Sqlite;

namespace IterableAudience.Syncs.Send;

/// <summary>
/// What is recorded besides the outcomes of a batch: the rows of operations that did not succeed, and what follow-ups change in the results of
/// the batches that they go back to.
/// </summary>
internal sealed class FailureWriter(SqliteConnection write, BatchStore batches, RecordedAnswer answer, int number) : IDisposable
{
    private readonly Dictionary<(Stage Stage, int Batch), byte[]> _patched = [];
    private SqliteCommand? _put;
    private SqliteCommand? _remove;

    /// <summary>Keeps what is known of a failure, or forgets an earlier one of the operation. Follow-ups answer for the operation they go back to.</summary>
    public void Write(PlanOp op, OperationResult result)
    {
        var reference = op.Is(OpFlags.FollowUp) ? op.Target : op.Ref;
        if (result.Outcome is not (Outcome.Failed or Outcome.Forgotten))
        {
            _remove ??= write.Command("DELETE FROM failure WHERE sync = @s AND part = @p AND ord = @o", "@s", "@p", "@o");
            _remove.Run(batches.Sync, reference.Part, reference.Ord);
            return;
        }

        _put ??= write.Command(
            """
            INSERT OR REPLACE INTO failure (sync, part, ord, number, detail, http_status, attempts, at) VALUES (@s, @p, @o, @n, @d, @h, @a, @t)
            """,
            "@s", "@p", "@o", "@n", "@d", "@h", "@a", "@t");
        _put.Run(
            batches.Sync, reference.Part, reference.Ord, number, result.Detail, result.HttpStatus, answer.Attempts, answer.At.ToUnixTimeMilliseconds());
    }

    /// <summary>A follow-up's outcome replaces the earlier one.</summary>
    public void Patch((Stage Stage, int Batch, int Index) place, Outcome outcome, Reason reason)
    {
        if (!_patched.TryGetValue((place.Stage, place.Batch), out var result))
        {
            _patched[(place.Stage, place.Batch)] = result = batches.Result(write, place.Stage, place.Batch)!;
        }

        result[2 * place.Index] = (byte)outcome;
        result[(2 * place.Index) + 1] = (byte)reason;
    }

    /// <summary>Writes the results that follow-ups have changed; call it once, last.</summary>
    public void Finish()
    {
        foreach (var ((stage, batch), result) in _patched)
        {
            write.Run(
                "UPDATE result SET blob = @b WHERE sync = @s AND stage = @g AND n = @n",
                ("@b", result), ("@s", batches.Sync), ("@g", (int)stage), ("@n", batch));
        }
    }

    public void Dispose()
    {
        _put?.Dispose();
        _remove?.Dispose();
    }
}
