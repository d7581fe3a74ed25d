using IterableAudience.Connections;
using IterableAudience.Hosting;
using IterableAudience.Store;
using IterableAudience.Syncs.Mirror;
using IterableAudience.Syncs.Nodes;
using IterableAudience.Syncs.Report;
using IterableAudience.Syncs.Send;
using Microsoft.EntityFrameworkCore;

namespace IterableAudience.Syncs;

/// <summary>What a person decides about a plan: run exactly this one, or drop it.</summary>
internal sealed class Approval(Func<StoreContext> open, LeanStore store, SyncQueue queue, NodeClaims node, SyncMonitor monitor, TimeProvider time)
{
    /// <summary>Starts a new sync that runs the plan of <paramref name="planned"/>; refused when anything that the plan rests on has moved.</summary>
    public async Task<(Sync? Sync, ProblemAnswer? Conflict)> ApproveAsync(Connection connection, Sync planned, string planHash, CancellationToken cancel)
    {
        await using var db = open();
        if (Undecidable(planned) is { } undecidable)
        {
            return (null, undecidable);
        }

        if (!string.Equals(planned.PlanHash, planHash, StringComparison.Ordinal))
        {
            return (null, ProblemAnswer.Conflict("This is not the hash of the sync's plan. Read the sync again and look at its plan before you approve it."));
        }

        if (planned.RecordsPurged)
        {
            return (null, Purged());
        }

        var ledgerVersion = await db.Lists.Where(l => l.No == planned.ListNo).Select(l => l.LedgerVersion).SingleAsync(cancel);
        if (ledgerVersion != planned.PlanLedgerVersion || connection.Version != planned.PlanConnectionVersion)
        {
            return (null, ProblemAnswer.Conflict("The ledger of the list or the connection has changed since the plan was made. Plan it again."));
        }

        if (await SyncEndpoints.ObstacleAsync(db, connection, cancel) is { } obstacle)
        {
            return (null, obstacle);
        }

        var sync = new Sync
        {
            Id = ShortId.New(),
            ConnectionNo = planned.ConnectionNo,
            ListNo = planned.ListNo,
            Trigger = SyncTrigger.Approval,
            Full = planned.Full,
            Resend = planned.Resend,
            FromSource = planned.FromSource,
            Phase = SyncPhase.Queued,
            Outcome = SyncOutcome.Queued,
            Active = true,
            StartedAt = time.GetUtcNow(),
            Partitions = planned.Partitions,
            PlanSyncNo = planned.PlanSyncNo,
            PlanHash = planned.PlanHash,
            PlanLedgerVersion = planned.PlanLedgerVersion,
            PlanConnectionVersion = planned.PlanConnectionVersion,
            CountsJson = planned.CountsJson,
        };
        if (!await SyncStart.SaveAsync(db, sync, node, cancel))
        {
            var now = await db.Syncs.AsNoTracking().SingleAsync(s => s.No == planned.No, cancel);
            return (null, Undecidable(now) ?? (now.RecordsPurged ? Purged() : await SyncEndpoints.OvertakenAsync(db, connection, cancel)));
        }

        _ = monitor.Of(sync.No);
        queue.Enqueue(sync.No);
        return (sync, null);
    }

    /// <summary>Ends a held plan as discarded; the problem when there is nothing to discard.</summary>
    public async Task<ProblemAnswer?> DiscardAsync(Sync planned, CancellationToken cancel)
    {
        if (planned.Outcome == SyncOutcome.Planned)
        {
            return ProblemAnswer.Conflict("A dry run holds nothing up: there is nothing to discard.");
        }

        if (Undecidable(planned) is { } undecidable)
        {
            return undecidable;
        }

        await using var db = open();
        var report = SyncJson.Write(
            planned.RecordsPurged ? SyncReports.Discarded(SyncJson.Report(planned.ReportJson!)) : await CountDiscardedAsync(planned, cancel));

        // The row first: an approval at the same time waits for it and then finds the plan discarded, or has it and is found here.
        await using var transaction = await db.Database.BeginTransactionAsync(cancel);
        if (await db.Syncs.Where(s => s.No == planned.No && s.Outcome == SyncOutcome.Held && s.RecordsPurged == planned.RecordsPurged).ExecuteUpdateAsync(
            u => u.SetProperty(s => s.Outcome, SyncOutcome.Discarded)
                .SetProperty(s => s.Error, "The plan was discarded. Nothing was sent.")
                .SetProperty(s => s.ReportJson, report),
            cancel) == 0)
        {
            await transaction.RollbackAsync(cancel);
            var now = await db.Syncs.AsNoTracking().SingleAsync(s => s.No == planned.No, cancel);
            return Undecidable(now) ?? await DiscardAsync(now, cancel); // retention has taken the records meanwhile
        }

        if (await db.Syncs.AnyAsync(s => s.PlanSyncNo == planned.PlanSyncNo && s.No != planned.No, cancel))
        {
            return ProblemAnswer.Conflict("The plan has been approved; there is nothing left to discard.");
        }

        BaselineKeeper.Discard(db.Database.GetDbConnection(), planned); // in the same transaction
        await transaction.CommitAsync(cancel);
        return null;
    }

    private async Task<SyncReport> CountDiscardedAsync(Sync sync, CancellationToken cancel)
    {
        var batches = new BatchStore(store, sync.No, sync.PlanSyncNo);
        var counts = await new ReportBuilder(store, batches, sync).CountAsync(SyncCloser.Unsent(SyncOutcome.Discarded), noteOutcomes: false, cancel); // noted when it was held: not sent, now as then
        return SyncReports.Closed(SyncJson.Counts(sync.CountsJson), counts, new RequestCounts(0, 0, 0, 0));
    }

    private static ProblemAnswer Purged() => ProblemAnswer.Conflict("The plan's records have been removed by retention, or a newer plan of the source has taken their place. Sync again.");

    private static ProblemAnswer? Undecidable(Sync sync)
        => sync.Outcome is SyncOutcome.Held or SyncOutcome.Planned && !sync.Active
            ? null
            : ProblemAnswer.Conflict($"The sync has no plan that waits for a decision: it is {(sync.Active ? "running" : sync.Outcome.Word())}.");
}
