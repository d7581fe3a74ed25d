using IterableAudience.Records;
using IterableAudience.Store;
using IterableAudience.Syncs.Ledger;
using IterableAudience.Syncs.Mirror;
using IterableAudience.Syncs.Report;
using IterableAudience.Syncs.Retry;
using IterableAudience.Syncs.Send;

namespace IterableAudience.Syncs;

/// <summary>
/// Step 10 of the spine: merges the holders, counts the report from what is recorded, keeps what is to be tried again, ends the sync and gives its list back. Done again
/// from the start when it was cut off: nothing in it depends on how far it came.
/// </summary>
internal sealed partial class SyncCloser(
    LeanStore store, KeyedHash hash, SyncClaims claims, WarehouseLog log, SyncMonitor monitor, TimeProvider time, ILogger<SyncCloser> logger)
{
    public const string CancelledText = "The sync was cancelled. What is not sent stays as it was.";

    /// <summary>Ends a sync. <paramref name="outcome"/> Completed becomes CompletedWithFailures by the count.</summary>
    public async Task CloseAsync(SyncWork work, SyncOutcome outcome, string error, CancellationToken cancel)
    {
        var sync = work.Sync;
        var mayHaveSent = sync.Phase is SyncPhase.Sending or SyncPhase.Closing;
        if (sync.PlanHash is null)
        {
            work.Counts.ForgetPlan();
        }

        await EnterClosingAsync(work, outcome, error, cancel);
        // The count reads while the merge writes.
        var unsent = Unsent(outcome);
        var merge = mayHaveSent
            ? Task.Run(() => new HolderMerge(work.Store, work.Batches, sync.ListNo, sync.ConnectionNo).MergeAsync(work.Holders, cancel), CancellationToken.None)
            : Task.CompletedTask;
        var count = Task.Run(
            () => new ReportBuilder(work.Store, work.Batches, sync).CountAsync(unsent, noteOutcomes: sync.PlanSyncNo == sync.No, cancel), CancellationToken.None);
        await Task.WhenAll(merge, count);
        var counts = await count;
        work.Counts.Delivery = mayHaveSent ? counts.Delivery : null;
        await KeepOpenAsync(work, outcome, mayHaveSent, counts, cancel);
        if (outcome == SyncOutcome.Completed && counts.Of(Outcome.Rejected, Outcome.Failed, Outcome.Forgotten, Outcome.NotSent) > 0)
        {
            outcome = SyncOutcome.CompletedWithFailures;
        }

        var report = SyncReports.Closed(work.Counts, counts, Requests(sync.No));
        sync.FinishedAt = time.GetUtcNow();
        sync.LogDue = mayHaveSent && await log.WriteAsync(work, unsent, cancel);
        await EndAsync(work, outcome, error, report, mayHaveSent, cancel);
        claims.Released();
        monitor.Close(sync.No);
        SyncTelemetry.Closed(outcome, report, sync.FinishedAt!.Value - sync.StartedAt);
        Summarize(sync, work.Connection.Id, outcome, report);
    }

    /// <summary>What a planned operation without an answer is, once the sync has ended like this.</summary>
    public static RecordOutcome Unsent(SyncOutcome outcome) => outcome switch
    {
        SyncOutcome.Queued or SyncOutcome.Running => new(Outcome.Pending, Reason.None),
        SyncOutcome.Planned => new(Outcome.Planned, Reason.None),
        SyncOutcome.Held => new(Outcome.NotSent, Reason.PlanHeld),
        SyncOutcome.Discarded => new(Outcome.NotSent, Reason.PlanDiscarded),
        SyncOutcome.Cancelled => new(Outcome.NotSent, Reason.SyncCancelled),
        _ => new(Outcome.NotSent, Reason.SyncAborted),
    };

    /// <summary>The requests that a sync made, from the store.</summary>
    public RequestCounts Requests(long sync)
        => store.Read(c => new RequestCounts(
            c.Count("SELECT count(*) FROM request WHERE sync = @s AND kind = 0", ("@s", sync)),
            c.Count("SELECT count(*) FROM request WHERE sync = @s AND kind = 1", ("@s", sync)),
            c.Count("SELECT count(*) FROM request WHERE sync = @s AND flags & 1 = 0 AND (attempt > 1 OR flags & 2 = 2)", ("@s", sync)),
            c.Count("SELECT count(*) FROM request WHERE sync = @s AND flags & 1 = 1", ("@s", sync))));

    /// <summary>From here on the outcome is settled: a sync that is cut off while closing ends as it was going to.</summary>
    private static async Task EnterClosingAsync(SyncWork work, SyncOutcome outcome, string error, CancellationToken cancel)
    {
        if (work.Sync.Phase == SyncPhase.Sending)
        {
            work.Sync.Phase = SyncPhase.Closing;
        }

        work.Sync.Error = error;
        work.Progress.Phase = SyncPhase.Closing;
        await work.Store.WriteAsync(
            write =>
            {
                // Whatever was recorded is in the report and the ledger, or the sync goes on from what is there.
                if (work.Store.MayForget && !work.Batches.HasAll(write))
                {
                    throw new StoreForgotException();
                }

                return write.Run(
                    "UPDATE sync SET \"Phase\" = @p, \"Outcome\" = @o, \"Error\" = @e, \"PlanHash\" = @h, \"CountsJson\" = @c, \"PlanLedgerVersion\" = @l, \"PlanConnectionVersion\" = @v WHERE \"No\" = @n",
                    ("@p", (int)work.Sync.Phase), ("@o", (int)outcome), ("@e", error), ("@h", work.Sync.PlanHash), ("@c", SyncJson.Write(work.Counts)),
                    ("@l", work.Sync.PlanLedgerVersion), ("@v", work.PlanConnectionVersion), ("@n", work.Sync.No));
            },
            durable: work.Store.MayForget,
            cancel);
    }

    /// <summary>What later syncs of the connection are to try again. A sync that sent nothing, and was not meant to, leaves that as it is.</summary>
    private async Task KeepOpenAsync(SyncWork work, SyncOutcome outcome, bool mayHaveSent, OutcomeCounts counts, CancellationToken cancel)
    {
        var sync = work.Sync;
        if (sync.FromSource && outcome != SyncOutcome.Completed)
        {
            return; // the next sync finds in the source what this one has left undone; what was kept before still is
        }

        if (!sync.FromSource && work.Connection.SourceId is not null && !mayHaveSent)
        {
            return; // the next sync of the source tries again what it has to
        }

        if (sync.DryRun || (counts.Of(Outcome.Failed, Outcome.NotSent) == 0 && !RetrySet.Any(work.Store, sync.ConnectionNo)))
        {
            return;
        }

        if (!work.RetryFailed)
        {
            await RetrySet.RemoveAsync(work.Store, sync.ConnectionNo, 0, long.MaxValue, cancel);
        }
        else if (mayHaveSent || (outcome == SyncOutcome.Aborted && sync.Trigger != SyncTrigger.Approval && sync.Phase is SyncPhase.Queued or SyncPhase.Planning))
        {
            await new RetryKeeper(work.Store, hash, work.Batches, sync).KeepAsync(Unsent(outcome), cancel);
        }
    }

    private static async Task EndAsync(
        SyncWork work, SyncOutcome outcome, string error, SyncReport report, bool mayHaveSent, CancellationToken cancel)
    {
        var sync = work.Sync;
        (sync.Phase, sync.Outcome, sync.Active) = (SyncPhase.Closed, outcome, false);
        var metrics = MetricsView.Of(report);
        await work.Store.WriteAsync(
            write =>
            {
                if (sync.FromSource && outcome == SyncOutcome.Held)
                {
                    SupersededPlans.Drop(write, sync);
                }

                write.Run(
                    """
                    UPDATE sync SET "Phase" = @p, "Outcome" = @o, "Error" = @e, "Active" = FALSE, "FinishedAt" = @f, "ReportJson" = @r, "CountsJson" = @k, "LogDue" = @d,
                      "Records" = @t, "FailedRecords" = @x,
                      "Members" = (SELECT coalesce(sum(members), 0) FROM ledger_count WHERE list = @l AND connection = @c) WHERE "No" = @n
                    """,
                    ("@p", (int)SyncPhase.Closed), ("@o", (int)outcome), ("@e", error), ("@f", sync.FinishedAt!.Value.ToUnixTimeMilliseconds()), ("@d", sync.LogDue),
                    ("@r", SyncJson.Write(report)), ("@k", SyncJson.Write(work.Counts)), ("@n", sync.No),
                    ("@t", metrics.Total), ("@x", metrics.Failed.Total), ("@l", sync.ListNo), ("@c", sync.ConnectionNo));
                write.Run(
                    """
                    UPDATE audience_list SET "ClaimedBySync" = NULL, "LedgerVersion" = "LedgerVersion" + @m WHERE "No" = @l AND "ClaimedBySync" = @n
                    """,
                    ("@m", mayHaveSent ? 1 : 0), ("@l", sync.ListNo), ("@n", sync.No));
                BaselineKeeper.End(write, sync, work.Counts, mayHaveSent);
            },
            durable: true,
            cancel);
    }

    private void Summarize(Sync sync, string connectionId, SyncOutcome outcome, SyncReport report)
        => Log.Closed(
            logger, sync.Id, connectionId, outcome.Word(), report.Received.Total, report.Outcomes["subscribed"], report.Outcomes["unsubscribed"],
            report.Outcomes["unchanged"] + report.Outcomes["retained"] + report.Outcomes["superseded"], report.Outcomes["rejected"],
            report.Outcomes["failed"], report.Outcomes["forgotten"], report.Outcomes["not_sent"], report.Outcomes["planned"], report.Requests.Subscribe + report.Requests.Unsubscribe,
            (long)(sync.FinishedAt!.Value - sync.StartedAt).TotalMilliseconds);

    private static partial class Log
    {
        [LoggerMessage(110, LogLevel.Information,
            "Sync {SyncId} of connection {ConnectionId} ended as {Outcome}: {Total} records, {Subscribed} subscribed, {Unsubscribed} unsubscribed, {Untouched} untouched, {Rejected} rejected, {Failed} failed, {Forgotten} forgotten, {NotSent} not sent, {Planned} planned; {Requests} requests in {Milliseconds} ms.")]
        public static partial void Closed(
            ILogger logger, string syncId, string connectionId, string outcome, long total, long subscribed, long unsubscribed, long untouched,
            long rejected, long failed, long forgotten, long notSent, long planned, long requests, long milliseconds);
    }
}
