using IterableAudience.Accounts;
using IterableAudience.Iterable;
using IterableAudience.Store;
using IterableAudience.Syncs.Nodes;
using IterableAudience.Syncs.Send;
using Microsoft.EntityFrameworkCore;

namespace IterableAudience.Syncs;

/// <summary>Gathers what a sync needs on its way, from the store as it is now.</summary>
internal sealed class SyncWorkLoader(
    Func<StoreContext> open, LeanStore store, ProjectDirectory projects, NodeClaims node, SyncMonitor monitor, ProjectPacers pacers)
{
    /// <exception cref="ClaimLostException">The sync is not this node's (any more).</exception>
    public async Task<SyncWork> LoadAsync(long syncNo, CancellationToken cancel)
    {
        await using var db = open();
        var sync = await db.Syncs.AsNoTracking().SingleAsync(s => s.No == syncNo, cancel);
        if (sync.ClaimedBy != node.Id || !sync.Active)
        {
            throw new ClaimLostException(syncNo);
        }

        var claimed = store.For(new SyncClaim(sync.No, sync.ClaimEpoch));
        var connection = await db.Connections.AsNoTracking().SingleAsync(c => c.No == sync.ConnectionNo, cancel);
        var project = await projects.ForConnectionAsync(connection, cancel);
        var (guard, ignoreUnknownDeletes, retryFailed) = PlanSettings.Of(connection);
        var progress = monitor.Of(syncNo);
        (progress.StartedAt, progress.Phase) = (sync.StartedAt, sync.Phase);
        progress.Counts = SyncJson.Counts(sync.CountsJson);
        progress.Planned = progress.Counts.PlannedSubscribes + progress.Counts.PlannedUnsubscribes;
        if (sync.CancelRequested)
        {
            await progress.Stop.CancelAsync();
        }

        var batches = new BatchStore(claimed, sync.No, sync.PlanSyncNo);
        var (lastNumber, results) = store.Read(c => c.Rows(
            "SELECT coalesce(max(number), 0), count(*) FROM result WHERE sync = @s", r => (r.GetInt64(0), r.GetInt64(1)), ("@s", sync.No)))[0];
        batches.Recorded(results);
        progress.StoreInTrouble = false;
        progress.Pace = new(project.ProjectKey, pacers.For(project), pacers.LimitsOf(project), sync.ListNo, sync.DryRun);
        if (sync.Phase == SyncPhase.Sending)
        {
            progress.SentBefore(batches.Answered(Stage.Subscribe), batches.Answered(Stage.Unsubscribe));
        }

        return new SyncWork(sync, connection, project, claimed, guard, ignoreUnknownDeletes, progress, progress.Counts, batches)
        {
            RetryFailed = retryFailed && (sync.FromSource || connection.SourceId is null), // a push on a source's connection is followed by a full sync of the source
            NextBatchNumber = (int)lastNumber,
        };
    }
}
