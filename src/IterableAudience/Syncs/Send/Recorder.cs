using System.Data.Common;
using IterableAudience.Iterable;
using IterableAudience.Records;
using IterableAudience.Store;
using IterableAudience.Syncs.Ledger;
using IterableAudience.Syncs.Plan;

namespace IterableAudience.Syncs.Send;

/// <summary>
/// Step 9 of the spine: outcomes and ledger, batch by batch, in one transaction each. The presence of a result is what says that a batch
/// is done; a batch without one is sent again.
/// </summary>
/// <param name="store">The store, under the sync's claim.</param>
/// <param name="batches">The batches of the sync.</param>
/// <param name="list">The list.</param>
/// <param name="connection">The connection whose entries move.</param>
/// <param name="holders">Takes who came, when that is gathered while sending.</param>
internal sealed class Recorder(LeanStore store, BatchStore batches, long list, long connection, HolderInserts? holders = null)
{
    /// <summary>Records one batch. What was recorded is only lost with the power, and then the batch is sent again.</summary>
    public async Task RecordAsync(RecordedAnswer answer, int number, CancellationToken cancel)
    {
        try
        {
            await store.WriteTogetherAsync(write => Write(write, answer, number, careful: !write.IsRemote()), cancel);
        }
        catch (DbException e) when (e.IsDuplicate())
        {
            // Recorded before: the store was lost before it could say so.
            await store.WriteTogetherAsync(write => Write(write, answer, number, careful: true), cancel);
        }

        batches.Recorded(1);
        if (holders is not null)
        {
            await holders.MakeRoomAsync();
        }
    }

    /// <summary>Notes that requests of a batch may go out from now on.</summary>
    public Task StartAsync(Stage stage, int number, CancellationToken cancel)
        => store.WriteTogetherAsync(
            write => write.Later("INSERT INTO started (sync, stage, n) VALUES (@s, @g, @n) ON CONFLICT DO NOTHING", ("@s", batches.Sync), ("@g", (int)stage), ("@n", number)),
            cancel);

    /// <summary>Takes it back: none went out.</summary>
    public Task NotStartedAsync(Stage stage, int number)
        => store.WriteTogetherAsync(
            write => write.Later("DELETE FROM started WHERE sync = @s AND stage = @g AND n = @n", ("@s", batches.Sync), ("@g", (int)stage), ("@n", number)),
            CancellationToken.None);

    /// <summary>Whether an unsubscribe that named an unknown userId goes on by e-mail.</summary>
    /// <remarks>
    /// Until that is answered its stored outcome is <see cref="Outcome.Pending"/>: half of a removal is not called done. One that follows another takes
    /// that one's last word and names nobody itself.
    /// </remarks>
    public static bool GoesOnByEmail(PlanOp op, Reason reason)
        => GoesOnByEmail(op.Kind, op.Flags, op.Identity is { UserId: not null, Email: not null }, reason);

    private static bool GoesOnByEmail(OpKind kind, OpFlags flags, bool hasBoth, Reason reason)
        => reason == Reason.WasNotMember && kind != OpKind.Subscribe && hasBoth && (flags & (OpFlags.EmailHeld | OpFlags.Follows)) == 0;

    /// <summary>Whether an answer is not the last word on an entry: its e-mail is still to be named, now or, when that hangs on this sync, by the next one.</summary>
    private static bool IsOpen(PlanOp op, Outcome outcome, Reason reason)
        => outcome == Outcome.Unsubscribed && reason == Reason.WasNotMember && op.Identity is { UserId: not null, Email: not null }
            && (!op.Is(OpFlags.EmailHeld) || op.Is(OpFlags.EmailHeldForNow));

    /// <summary>
    /// Why an operation was not sent is the sync's to say (how it ended). What is kept here instead is whether it may have been done all the
    /// same, for those who follow it: <see cref="Reason.DeliveryFailed"/>.
    /// </summary>
    private static Reason StoredReason(OperationResult result)
        => result is { Outcome: Outcome.NotSent, MayBeApplied: true } ? Reason.DeliveryFailed : result.Reason;

    /// <param name="write">Where to.</param>
    /// <param name="answer">What.</param>
    /// <param name="number">Number of the batch in the request log.</param>
    /// <param name="careful">False: nothing of it is recorded yet, and if it is, that is a duplicate. Looking first would be a question to the server for each batch.</param>
    private void Write(DbConnection write, RecordedAnswer answer, int number, bool careful)
    {
        var batch = answer.Batch;
        if (careful && batches.Result(write, batch.Stage, batch.Number) is not null)
        {
            WriteRequests(write, batches.Sync, number, answer.Requests); // sent twice, after trouble with the store: recorded once
            return;
        }

        var outcomes = new byte[batch.Count * 2];
        using var ledger = new LedgerWriter(write, list, connection, batch.KeyHashes, careful);
        using var failures = new FailureWriter(write, batches, answer, number);
        for (var i = 0; i < batch.Count; i++)
        {
            var (head, result) = (batch.Head(i), answer.Results[i]);
            var stored = GoesOnByEmail(head.Kind, head.Flags, head.Email.Exists && head.UserId.Exists, result.Reason) ? Outcome.Pending : result.Outcome;
            outcomes[2 * i] = (byte)stored;
            outcomes[(2 * i) + 1] = (byte)StoredReason(result);
            switch (head.IsPlain, head.Kind, result.Outcome)
            {
                case (true, OpKind.Subscribe, Outcome.Subscribed):
                    ledger.Subscribed(head, batch.Blob);
                    break;
                case (true, OpKind.UnknownDelete, Outcome.Unsubscribed):
                    break; // no entry to end, nobody to follow
                default:
                    WriteOne(ledger, failures, batch.Operation(i), result, stored, batch.Stage);
                    break;
            }
        }

        failures.Finish();
        ledger.Finish();
        write.Later(
            "INSERT INTO result (sync, stage, n, number, attempts, http_status, at, blob) VALUES (@s, @g, @n, @m, @a, @h, @t, @b)",
            ("@s", batches.Sync), ("@g", (int)batch.Stage), ("@n", batch.Number), ("@m", number), ("@a", answer.Attempts),
            ("@h", answer.Results.Length > 0 ? answer.Results[0].HttpStatus : 0), ("@t", answer.At.ToUnixTimeMilliseconds()), ("@b", outcomes));
        WriteRequests(write, batches.Sync, number, answer.Requests);
        if (HolderInserts.Concerns(batch.Stage))
        {
            holders?.Take(batch.Blob, outcomes);
        }
    }

    private static void WriteOne(LedgerWriter ledger, FailureWriter failures, PlanOp op, OperationResult result, Outcome stored, Stage stage)
    {
        if (stage == Stage.Keep)
        {
            ledger.Keep(op, result.Outcome, result.StillHolds);
        }
        else if (op.Kind == OpKind.Subscribe)
        {
            ledger.Subscribed(op, result.Outcome, result.MayBeApplied);
        }
        else if (result.Outcome != Outcome.Pending && !(op.Kind == OpKind.Replace && result.Outcome == Outcome.Retained))
        {
            ledger.Unsubscribed(op, result.Outcome, finished: !IsOpen(op, result.Outcome, result.Reason), result.MayBeApplied);
        }

        // A follow-up speaks for the operation that it goes back to, unless it was never sent: then what is known of that one stays.
        var speaksForTarget = op.Is(OpFlags.FollowUp) && (result.Outcome != Outcome.NotSent || (result.MayBeApplied && op.Kind != OpKind.Subscribe));
        if (result.Outcome is Outcome.Failed or Outcome.Forgotten || speaksForTarget)
        {
            failures.Write(op, result);
        }

        if (speaksForTarget)
        {
            failures.Patch(op.TargetPlace, stored, StoredReason(result));
        }
    }

    public static void WriteRequests(DbConnection write, long sync, int number, IReadOnlyList<RequestLogEntry> requests)
    {
        foreach (var request in requests)
        {
            write.Later(
                """
                INSERT INTO request (sync, number, at, kind, size, status, duration_ms, attempt, flags, answer)
                VALUES (@s, @n, @t, @k, @z, @h, @d, @a, @f, @w)
                """,
                ("@s", sync), ("@n", number), ("@t", request.At.ToUnixTimeMilliseconds()), ("@k", (int)request.Kind), ("@z", request.Size),
                ("@h", request.Status), ("@d", request.Duration.TotalMilliseconds), ("@a", request.Attempt),
                ("@f", (request.Throttled ? 1 : 0) | (request.Isolation ? 2 : 0)), ("@w", request.Answer));
        }
    }
}
