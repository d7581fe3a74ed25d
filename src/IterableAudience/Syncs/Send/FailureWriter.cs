using System.Data.Common;
using IterableAudience.Iterable;
using IterableAudience.Records;
using IterableAudience.Store;
using IterableAudience.Syncs.Plan;

namespace IterableAudience.Syncs.Send;

/// <summary>
/// What is recorded besides the outcomes of a batch: the rows of operations that did not succeed, and what follow-ups change in the results of
/// the batches that they go back to.
/// </summary>
internal sealed class FailureWriter(DbConnection write, BatchStore batches, RecordedAnswer answer, int number) : IDisposable
{
    private static readonly BulkSql Put = new(
        """
        INSERT INTO failure (sync, number, attempts, at, part, ord, detail, http_status) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
        ON CONFLICT (sync, part, ord) DO UPDATE SET number = excluded.number, detail = excluded.detail, http_status = excluded.http_status,
          attempts = excluded.attempts, at = excluded.at
        """,
        """
        INSERT INTO failure (sync, number, attempts, at, part, ord, detail, http_status)
        SELECT @p1, @p2, @p3, @p4, p, o, d, h FROM unnest(@p5, @p6, @p7, @p8) AS r (p, o, d, h)
        ON CONFLICT (sync, part, ord) DO UPDATE SET number = excluded.number, detail = excluded.detail, http_status = excluded.http_status,
          attempts = excluded.attempts, at = excluded.at
        """,
        RowPlaces: 5);

    private static readonly BulkSql Remove = new(
        "DELETE FROM failure WHERE sync = ?1 AND part = ?2 AND ord = ?3",
        """
        DELETE FROM failure WHERE ctid = ANY (ARRAY(
          SELECT f.ctid FROM unnest(@p2, @p3) AS r (p, o)
          CROSS JOIN LATERAL (SELECT ctid FROM failure WHERE sync = @p1 AND part = r.p AND ord = r.o OFFSET 0) f))
        """,
        RowPlaces: 2);

    private readonly Dictionary<(Stage Stage, int Batch), byte[]> _patched = [];
    private BulkStatement? _put;
    private BulkStatement? _remove;

    /// <summary>Keeps what is known of a failure, or forgets an earlier one of the operation. Follow-ups answer for the operation they go back to.</summary>
    public void Write(PlanOp op, OperationResult result)
    {
        var reference = op.Is(OpFlags.FollowUp) ? op.Target : op.Ref;
        if (result.Outcome is not (Outcome.Failed or Outcome.Forgotten))
        {
            _remove ??= BulkStatement.Of(write, Remove).Bind(1, batches.Sync);
            _remove.Bind(2, reference.Part).Bind(3, reference.Ord).Run();
            return;
        }

        _put ??= BulkStatement.Of(write, Put).Bind(1, batches.Sync).Bind(2, number).Bind(3, answer.Attempts).Bind(4, answer.At.ToUnixTimeMilliseconds());
        _put.Bind(5, reference.Part).Bind(6, reference.Ord).Bind(7, result.Detail).Bind(8, result.HttpStatus).Run();
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

    /// <summary>Writes what is not written yet, and the results that follow-ups have changed; call it once, last.</summary>
    public void Finish()
    {
        _remove?.Finish();
        _put?.Finish();
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
