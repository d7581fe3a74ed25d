using IterableAudience.Iterable;
using IterableAudience.Records;
using IterableAudience.Store;
using IterableAudience.Syncs.Ledger;
using IterableAudience.Syncs.Plan;

namespace IterableAudience.Syncs.Send;

/// <summary>The stages without a request: operations whose outcome hangs on others' answers, or on nobody's.</summary>
internal sealed class Settler(LeanStore store, BatchStore batches, Recorder recorder, TimeProvider time)
{
    /// <summary>Settles all open batches of a stage. After a sync was cut short, what it depended on may be open: that is not sent.</summary>
    /// <param name="notSent">Why an operation whose target has no outcome is not sent.</param>
    /// <param name="cutShort">The sync was aborted or cancelled: the leavers that others hold are not sent either, so that a cancelled delete changes nothing.</param>
    public async Task SettleAsync(Stage stage, Reason notSent, bool cutShort, CancellationToken cancel)
    {
        var pending = batches.Pending(stage);
        if (pending.Count == 0)
        {
            return;
        }

        using var connection = store.OpenRead();
        var lookup = new OutcomeLookup(batches, connection);
        foreach (var number in pending)
        {
            var batch = batches.Load(connection, stage, number);
            var results = new OperationResult[batch.Count];
            for (var i = 0; i < results.Length; i++)
            {
                var op = batch.Operation(i);
                results[i] = stage switch
                {
                    Stage.Keep => Kept(op, lookup, cutShort ? notSent : null),
                    Stage.Retain when cutShort => new(Outcome.NotSent, notSent, null, 0, false),
                    Stage.Retain => new(Outcome.Retained, Reason.HeldByAnotherRecord, null, 0, false),
                    Stage.SettleReplaced => Replaced(op, lookup),
                    Stage.FollowSubscribe => Follow(op.Target, lookup, notSent, Stage.Subscribe, Stage.FollowSubscribe),
                    Stage.FollowUnsubscribe => Follow(op.Target, lookup, notSent, Stage.Unsubscribe),
                    _ => Follow(op.Target, lookup, notSent, Stage.SettleReplaced),
                };
            }

            await recorder.RecordAsync(new RecordedAnswer(batch, results, 0, time.GetUtcNow(), []), 0, cancel);
        }
    }

    /// <summary>Pending means: may be sent now. Otherwise the person stays on the list, since an identity that holds the person was not replaced.</summary>
    private static OperationResult Replaced(PlanOp op, OutcomeLookup lookup)
    {
        foreach (var dependency in op.DependsOn)
        {
            if (Resolve(dependency, lookup)?.Outcome != Outcome.Subscribed)
            {
                return new(Outcome.Retained, Reason.HeldByAnotherRecord, null, 0, false);
            }
        }

        return new(Outcome.Pending, Reason.None, null, 0, false);
    }

    /// <summary>Held by a row that is held back, or by a record: once that is accepted its entry holds the person, until then the leaver's own does. Nobody holds whom Iterable has erased.</summary>
    private static OperationResult Kept(PlanOp op, OutcomeLookup lookup, Reason? notSent)
    {
        var staysMember = notSent is not null && op.Kind == OpKind.Leave && op.Prior != EntryState.Leaving;
        var stillHolds = op.DependsOn is not [var record, ..] || (!staysMember && Resolve(record, lookup)?.Outcome is not (Outcome.Subscribed or Outcome.Forgotten));
        return op.Kind == OpKind.Replace ? new(Outcome.Unchanged, Reason.None, null, 0, false, stillHolds)
            : notSent is { } why ? new(Outcome.NotSent, why, null, 0, false, stillHolds)
            : new(Outcome.Retained, Reason.HeldByAnotherRecord, null, 0, false, stillHolds);
    }

    private static OperationResult Follow(OpRef target, OutcomeLookup lookup, Reason notSent, params ReadOnlySpan<Stage> stages)
    {
        var found = stages.Length > 1 ? Resolve(target, lookup) : lookup.Find(target, stages) is { } f ? (f.Outcome, f.Reason) : null;
        return found switch
        {
            null or { Outcome: Outcome.Pending } => new(Outcome.NotSent, notSent, null, 0, false),
            { Outcome: Outcome.NotSent } open => new(Outcome.NotSent, notSent, null, 0, MayBeApplied: open.Reason == Reason.DeliveryFailed),
            { Outcome: Outcome.Failed } failed => new(
                Outcome.Failed, failed.Reason, "Another record of the same person was sent for this one.", 0,
                MayBeApplied: failed.Reason is Reason.DeliveryFailed or Reason.Unattributed),
            { } known => new(known.Outcome, known.Reason, null, 0, false),
        };
    }

    /// <summary>The outcome of a subscribe that may itself stand back for another one.</summary>
    private static (Outcome Outcome, Reason Reason)? Resolve(OpRef reference, OutcomeLookup lookup)
    {
        for (var hops = 0; hops < 4; hops++)
        {
            if (lookup.Find(reference, Stage.Subscribe, Stage.FollowSubscribe) is not { } found)
            {
                return null;
            }

            if (found.Stage == Stage.Subscribe || found.Outcome != Outcome.Pending)
            {
                return (found.Outcome, found.Reason);
            }

            reference = lookup.Operation(found.Stage, found.Batch, found.Index).Target;
        }

        return null;
    }
}
