using System.Data.Common;
using IterableAudience.Records;
using IterableAudience.Store;
using IterableAudience.Syncs.Plan;
using IterableAudience.Syncs.Send;

namespace IterableAudience.Syncs.Report;

/// <summary>How an operation came to its outcome.</summary>
internal sealed record HowDecided(long Batch, int Attempts, int HttpStatus, DateTimeOffset At, string? Detail);

/// <summary>The operations of one slice with their outcomes, and how each came about.</summary>
internal sealed class SliceView(DbConnection connection, BatchStore batches, Sync sync, int part, RecordOutcome unsent)
{
    private readonly Dictionary<(Stage, int), HowDecided?> _results = [];

    public OutcomeReader.OfOperation[] Operations { get; } = new OutcomeReader(connection, batches, sync.PlanSyncNo, unsent).Operations(part);

    /// <summary>How the operation that decided the record was decided; null while it isn't, or where nothing was sent for it.</summary>
    public HowDecided? How(Verdict verdict, RecordOutcome outcome)
    {
        for (var ord = verdict.FirstOrd; ord < verdict.FirstOrd + verdict.Count; ord++)
        {
            if (Operations[ord].Outcome != outcome)
            {
                continue;
            }

            return outcome.Outcome is Outcome.Failed or Outcome.Forgotten ? Failure(ord) : Result(Operations[ord].Stage, Operations[ord].Batch);
        }

        return null;
    }

    private HowDecided? Failure(int ord)
        => connection.Rows(
            "SELECT number, attempts, http_status, at, detail FROM failure WHERE sync = @s AND part = @p AND ord = @o",
            r => new HowDecided(
                r.GetInt64(0), r.GetInt32(1), r.GetInt32(2), DateTimeOffset.FromUnixTimeMilliseconds(r.GetInt64(3)), r.IsDBNull(4) ? null : r.GetString(4)),
            ("@s", sync.No), ("@p", part), ("@o", ord)).FirstOrDefault();

    private HowDecided? Result(Stage stage, int batch)
    {
        if (_results.TryGetValue((stage, batch), out var known))
        {
            return known;
        }

        return _results[(stage, batch)] = connection.Rows(
            "SELECT number, attempts, http_status, at FROM result WHERE sync = @s AND stage = @g AND n = @n",
            r => new HowDecided(r.GetInt64(0), r.GetInt32(1), r.GetInt32(2), DateTimeOffset.FromUnixTimeMilliseconds(r.GetInt64(3)), null),
            ("@s", sync.No), ("@g", (int)stage), ("@n", batch)).FirstOrDefault();
    }
}
