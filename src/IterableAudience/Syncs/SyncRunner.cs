using IterableAudience.Iterable;
using IterableAudience.Records;
using IterableAudience.Store;
using IterableAudience.Syncs.Ledger;
using IterableAudience.Syncs.Nodes;
using IterableAudience.Syncs.Plan;
using IterableAudience.Syncs.Report;
using IterableAudience.Syncs.Send;
using Microsoft.Extensions.Options;

namespace IterableAudience.Syncs;

/// <summary>
/// The spine: the way of every record, from top to bottom.
/// <list type="number">
/// <item>Claim: one sync per connection (a unique index on the sync table), one per list between plan and close (<see cref="SyncClaims"/>).</item>
/// <item>Stage: records are written in chunks as they come (<c>Staging/Stager</c>).</item>
/// <item>Map: columns become identifiers while a record is read (<c>Records/RecordReader</c>).</item>
/// <item>Validate: identifiers become an identity, or the record a rejection (<c>Records/IdentifierRules</c>).</item>
/// <item>Plan: staged identities against the ledger become operations, one per person (<c>Plan/Planner</c>).</item>
/// <item>Guard: a plan that removes implausibly much is held; a dry run ends here (<c>Plan/Guard</c>).</item>
/// <item>Send: leavers, subscribes, replaced identities, in full batches within the project's budget (<c>Send/StageSender</c>).</item>
/// <item>Attribute: every operation gets its own outcome from Iterable's answer (<c>Iterable/Attribution</c>).</item>
/// <item>Record: outcomes and ledger, batch by batch; the ledger moves only for what Iterable accepted (<c>Send/Recorder</c>).</item>
/// <item>Close: holders merged, report counted, one summary line (<see cref="SyncCloser"/>).</item>
/// </list>
/// What a step has done is in the store before the next begins, so a sync that was cut off anywhere goes on from there: staged, it is planned
/// (again); planned, its open batches are sent; sent, it is closed.
/// </summary>
/// <remarks>Concurrency: one call of <see cref="RunAsync(long, CancellationToken)"/> per sync at a time; <see cref="SyncQueue"/> sees to that. Steps 1 to 4 have happened when it is called: whoever brings the records (a push, or <see cref="Mirror.Pull"/>) runs them.</remarks>
internal sealed partial class SyncRunner(
    SyncClaims claims,
    SyncWorkLoader loader,
    NodeClaims node,
    Planner planner,
    BatchSender sender,
    SyncCloser closer,
    IOptions<IterableOptions> options,
    TimeProvider time,
    ILogger<SyncRunner> logger)
{
    /// <summary>The stages that send, and those that settle what hangs on their answers, in the order in which they take effect.</summary>
    private static readonly Stage[] Stages =
    [
        Stage.Retain, Stage.Unsubscribe, Stage.UnsubscribeByEmail, Stage.FollowUnsubscribe,
        Stage.Subscribe, Stage.RetryConflicts, Stage.FollowSubscribe, Stage.Keep,
        Stage.SettleReplaced, Stage.UnsubscribeReplaced, Stage.UnsubscribeReplacedByEmail, Stage.FollowReplaced,
    ];

    /// <summary>Takes a staged sync to its end, or on to its end.</summary>
    /// <param name="syncNo">The sync; its records are staged, or it was cut off later.</param>
    /// <param name="shutdown">The service stops: what is on the wire is recorded, everything else waits for the next start.</param>
    /// <returns>When the sync is closed, or when <paramref name="shutdown"/> cut it off.</returns>
    /// <exception cref="ClaimLostException">Another node has taken the sync over.</exception>
    public async Task RunAsync(long syncNo, CancellationToken shutdown)
    {
        var work = await loader.LoadAsync(syncNo, shutdown);
        using var activity = SyncTelemetry.StartSync(work);
        using var scope = Log.Scope(logger, work.Sync.Id, work.Connection.Id);
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(work.Progress.Lost.Token, shutdown);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(work.Progress.Stop.Token, leave.Token);
        try
        {
            await RunAsync(work, stop.Token, leave.Token);
        }
        catch (OperationCanceledException) when (work.Progress.Lost.IsCancellationRequested)
        {
            throw new ClaimLostException(syncNo);
        }
        catch (OperationCanceledException) when (shutdown.IsCancellationRequested)
        {
            Log.CutOff(logger);
        }
        catch (ClaimLostException)
        {
            throw; // the sync goes on elsewhere; whatever else went wrong here is not its end
        }
        catch (Exception e) when (StoreTrouble.Is(e))
        {
            SyncTelemetry.Pass(activity, e);
            throw; // nothing was lost; the queue tries again when the store is back
        }
#pragma warning disable CA1031 // a bug must not leave a sync without an end
        catch (Exception e)
#pragma warning restore CA1031
        {
            Log.Broken(logger, e);
            var error = $"The service met an error of its own ({e.GetType().Name}); its log has the details. What is not sent can be sent by the next sync.";
            if (work.Sync.Phase == SyncPhase.Sending)
            {
                // Sends nothing more: what was on the wire is recorded with its doubt, what hangs on answers is settled.
                await SendAsync(work, new StageEnd(error, Stopped: false), stop.Token, CancellationToken.None);
            }

            await closer.CloseAsync(work, SyncOutcome.Aborted, error, CancellationToken.None);
        }
        finally
        {
            SyncTelemetry.EndSync(activity, work.Sync);
        }
    }

    private async Task RunAsync(SyncWork work, CancellationToken stop, CancellationToken shutdown)
    {
        var sync = work.Sync;
        if (sync.Phase == SyncPhase.Closing)
        {
            await closer.CloseAsync(work, sync.Outcome, sync.Error, shutdown); // cut off in (10): it ends as it was going to
            return;
        }

        // (1) Claim the list. A connection was claimed with the sync itself; records are staged, mapped and validated: (2), (3), (4).
        // A sync that was cut off while sending has its list, and more to settle than a cancel of one that waits.
        if (!await claims.ClaimListAsync(work, sync.Phase == SyncPhase.Sending ? shutdown : stop))
        {
            await EndEarlyAsync(work, shutdown);
            return;
        }

        if (sync.Trigger == SyncTrigger.Approval && sync.Phase != SyncPhase.Sending && work.LedgerVersion != sync.PlanLedgerVersion)
        {
            await closer.CloseAsync(work, SyncOutcome.Aborted, "The ledger of the list has moved since the plan was approved, so the plan is not run. Plan it again.", shutdown);
            return;
        }

        // (5) Plan, unless that was done before: by this sync before it was cut off, or by the sync that was approved.
        if (sync.Phase is SyncPhase.Queued or SyncPhase.Staging or SyncPhase.Planning)
        {
            await SyncClaims.EnterAsync(work, SyncPhase.Planning, shutdown);
            sync.PlanHash ??= await PlanAsync(work, stop, shutdown);
            if (sync.PlanHash is null)
            {
                await EndEarlyAsync(work, shutdown);
                return;
            }

            // (6) Guard.
            var held = sync.Trigger == SyncTrigger.Approval || sync.DryRun ? null : Guard.Judge(work.Guard, work.Counts, sync.Full);
            if (sync.DryRun || held is not null)
            {
                await closer.CloseAsync(work, held is null ? SyncOutcome.Planned : SyncOutcome.Held, held ?? "", shutdown);
                return;
            }

            await SyncClaims.EnterAsync(work, SyncPhase.Sending, shutdown);
            work.Holders = new HolderInserts(work.Store, sync.ListNo, sync.ConnectionNo);
        }

        // (7) Send, (8) attribute, (9) record: stage after stage, batch by batch.
        var (outcome, error) = await SendAsync(work, new StageEnd(null, Stopped: stop.IsCancellationRequested), stop, shutdown);

        // (10) Close.
        await closer.CloseAsync(work, outcome, error, shutdown);
    }

    /// <summary>The plan's hash; null when the sync was cancelled meanwhile.</summary>
    private async Task<string?> PlanAsync(SyncWork work, CancellationToken stop, CancellationToken shutdown)
    {
        var (sync, counts) = (work.Sync, work.Counts);
        if (!sync.FromSource)
        {
            counts.RemovalsSkipped = sync.Full && counts.WithoutKey > 0;
        }

        // Whom a source doesn't name, and the ledger doesn't know, is nobody of ours. And all that a full sync of a source could try again comes with it.
        var mode = new PlanMode(
            sync.Full, sync.Resend, RemoveAbsent: sync.Full && !counts.RemovalsSkipped, work.IgnoreUnknownDeletes || sync.FromSource,
            work.RetryFailed && !(sync.FromSource && sync.Full), Mirror: sync.FromSource,
            RetryRemovals: sync.FromSource ? !counts.RemovalsSkipped : work.Connection.SourceId is null);
        try
        {
            sync.PlanLedgerVersion = work.LedgerVersion;
            var hash = await planner.PlanAsync(work.Store, sync, mode, counts, share => work.Progress.PlanShare = share, stop);
            work.Progress.Planned = counts.PlannedSubscribes + counts.PlannedUnsubscribes;
            return hash;
        }
        catch (OperationCanceledException) when (!shutdown.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <param name="end">Where the sync stands: one that is cut short already sends nothing, and is only settled.</param>
    private async Task<(SyncOutcome Outcome, string Error)> SendAsync(
        SyncWork work, StageEnd end, CancellationToken stop, CancellationToken shutdown)
    {
        var recorder = new Recorder(work.Store, work.Batches, work.Sync.ListNo, work.Sync.ConnectionNo, work.Holders);
        var stages = new StageSender(sender, recorder, node, options.Value, time);
        var settler = new Settler(work.Store, work.Batches, recorder, time);
        var followUps = new FollowUps(work.Store, work.Batches);
        work.Isolation = IsolationBudget.ForSync(work.Batches.Count(Stage.Unsubscribe) + work.Batches.Count(Stage.Subscribe));
        foreach (var stage in Stages)
        {
            var cutShort = end.Abort is not null || end.Stopped;
            if (stage is Stage.Retain or Stage.FollowUnsubscribe or Stage.FollowSubscribe or Stage.Keep or Stage.FollowReplaced || (stage == Stage.SettleReplaced && !cutShort))
            {
                shutdown.ThrowIfCancellationRequested();
                await settler.SettleAsync(stage, end.Abort is null ? Reason.SyncCancelled : Reason.SyncAborted, cutShort, shutdown);
                continue;
            }

            if (cutShort)
            {
                await stages.LeaveAsync(work, stage, shutdown);
                continue;
            }

            if (stage is Stage.UnsubscribeByEmail or Stage.RetryConflicts or Stage.UnsubscribeReplaced or Stage.UnsubscribeReplacedByEmail)
            {
                await followUps.CutAsync(stage, shutdown);
            }

            end = await stages.SendAsync(work, stage, recordStopped: () => !shutdown.IsCancellationRequested, stop);
            shutdown.ThrowIfCancellationRequested();
            if (end.Abort is not null || end.Stopped)
            {
                await stages.LeaveAsync(work, stage, shutdown);
            }
        }

        return end switch
        {
            { Abort: { } abort } => (SyncOutcome.Aborted, abort),
            { Stopped: true } => (SyncOutcome.Cancelled, SyncCloser.CancelledText),
            _ => (SyncOutcome.Completed, ""),
        };
    }

    private async Task EndEarlyAsync(SyncWork work, CancellationToken shutdown)
    {
        shutdown.ThrowIfCancellationRequested();
        await closer.CloseAsync(work, SyncOutcome.Cancelled, SyncCloser.CancelledText, shutdown);
    }

    private static partial class Log
    {
        public static readonly Func<ILogger, string, string, IDisposable?> Scope =
            LoggerMessage.DefineScope<string, string>("sync {SyncId} of connection {ConnectionId}");

        [LoggerMessage(100, LogLevel.Information, "The sync was cut off by the shutdown of the service; it goes on at the next start.")]
        public static partial void CutOff(ILogger logger);

        [LoggerMessage(101, LogLevel.Error, "The sync met an error of the service itself and ends as aborted.")]
        public static partial void Broken(ILogger logger, Exception exception);
    }
}
