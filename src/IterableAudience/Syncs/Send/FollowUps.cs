using System.Data.Common;
using IterableAudience.Records;
using IterableAudience.Store;
using IterableAudience.Syncs.Ledger;
using IterableAudience.Syncs.Plan;

namespace IterableAudience.Syncs.Send;

/// <summary>
/// Cuts the stages that only answers can fill: removals once more by e-mail, identity conflicts once more, replaced identities.
/// Full batches again; done once per stage, and begun anew after a crash in the middle.
/// </summary>
internal sealed class FollowUps(LeanStore store, BatchStore batches)
{
    private const int SourcesPerTransaction = 50;

    /// <summary>Cuts a stage if that has not happened yet.</summary>
    public async Task CutAsync(Stage stage, CancellationToken cancel)
    {
        if (store.Read(c => c.Count("SELECT \"CutStage\" FROM sync WHERE \"No\" = @s", ("@s", batches.Sync))) >= (int)stage)
        {
            return;
        }

        var source = stage switch
        {
            Stage.UnsubscribeByEmail => Stage.Unsubscribe,
            Stage.RetryConflicts => Stage.Subscribe,
            Stage.UnsubscribeReplaced => Stage.SettleReplaced,
            _ => Stage.UnsubscribeReplaced,
        };
        await store.WriteAsync(
            write => write.Run("DELETE FROM batch WHERE sync = @s AND stage = @g", ("@s", batches.Sync), ("@g", (int)stage)), durable: false, cancel);
        var cutter = new BatchCutter(batches.Sync, stage);
        var count = batches.Count(source);
        for (var from = 0; from < count; from += SourcesPerTransaction)
        {
            var to = Math.Min(count, from + SourcesPerTransaction);
            await store.WriteAsync(
                write =>
                {
                    for (var number = from; number < to; number++)
                    {
                        Cut(write, cutter, source, number);
                    }
                },
                durable: false,
                cancel);
        }

        await store.WriteAsync(
            write =>
            {
                cutter.Flush(write);
                write.Run("UPDATE sync SET \"CutStage\" = @g WHERE \"No\" = @s", ("@g", (int)stage), ("@s", batches.Sync));
            },
            durable: false,
            cancel);
    }

    private void Cut(DbConnection write, BatchCutter cutter, Stage source, int number)
    {
        if (batches.Result(write, source, number) is not { } result || !Any(source, result))
        {
            return;
        }

        var batch = batches.Load(write, source, number);
        for (var i = 0; i < batch.Count; i++)
        {
            var (outcome, reason) = ((Outcome)result[2 * i], (Reason)result[(2 * i) + 1]);
            if (IsCandidate(source, outcome, reason) && batch.Operation(i) is var op && Wanted(source, op, reason))
            {
                cutter.Add(write, FollowUp(source, op, number, i));
            }
        }
    }

    /// <summary>Most batches have nothing to follow up: two bytes an operation tell, without reading the batch.</summary>
    private static bool Any(Stage source, byte[] result)
    {
        for (var i = 0; i < result.Length; i += 2)
        {
            if (IsCandidate(source, (Outcome)result[i], (Reason)result[i + 1]))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsCandidate(Stage source, Outcome outcome, Reason reason) => source switch
    {
        Stage.Subscribe => outcome == Outcome.Failed && reason == Reason.IdentityConflict,
        Stage.SettleReplaced => outcome == Outcome.Pending,
        _ => reason == Reason.WasNotMember,
    };

    private static bool Wanted(Stage source, PlanOp op, Reason reason)
        => source is Stage.Subscribe or Stage.SettleReplaced || Recorder.GoesOnByEmail(op, reason);

    private static PlanOp FollowUp(Stage source, PlanOp op, int batch, int index)
    {
        var byEmail = source is Stage.Unsubscribe or Stage.UnsubscribeReplaced;
        var flags = (op.Flags | OpFlags.FollowUp) & ~(OpFlags.Follows | OpFlags.Depends);
        return new PlanOp
        {
            Kind = op.Kind,
            // The answer by userId has seen to what the entry says beside its identity; this one must not write it, since it lacks the userId.
            Flags = byEmail ? (flags & ~(OpFlags.HasUserId | OpFlags.StillHolds)) | OpFlags.Asked : flags,
            Ref = op.Ref,
            Line = op.Line,
            KeyHash = op.KeyHash,
            Slot = op.Slot,
            // The entry is leaving by now: its removal by userId was not the last word, or its replacement was accepted.
            Prior = op.Kind != OpKind.Subscribe && (byEmail || op.Kind == OpKind.Replace) ? EntryState.Leaving : op.Prior,
            KeyKind = op.KeyKind,
            Key = op.Key,
            Identity = byEmail ? new Identity(op.Identity.Email, null) : op.Identity,
            LedgerIdentity = op.LedgerIdentity,
            UserHash = op.UserHash,
            EmailHash = op.EmailHash,
            EndSlots = op.EndSlots,
            LeaveSlots = op.LeaveSlots,
            Target = op.Is(OpFlags.FollowUp) ? op.Target : op.Ref,
            TargetPlace = op.Is(OpFlags.FollowUp) ? op.TargetPlace : (source, batch, index),
        };
    }
}
