using IterableAudience.Connections;
using IterableAudience.Hosting;
using IterableAudience.Store;
using IterableAudience.Syncs.Nodes;

namespace IterableAudience.Syncs.Mirror;

/// <summary>Step 1 of the spine for a source: makes the sync, which is the claim on the connection, and hands it to the background at once.</summary>
internal sealed class SourceStart(Func<StoreContext> open, SyncQueue queue, NodeClaims node, SyncMonitor monitor, TimeProvider time)
{
    /// <summary>Starts a sync of the connection's source; null when another one is active there, or the connection is gone.</summary>
    /// <param name="connection">It has a source.</param>
    /// <param name="full">Nothing is compared, everything is sent.</param>
    /// <param name="dryRun">Nothing is sent.</param>
    /// <param name="trigger">What started it.</param>
    /// <param name="cancel">Stops waiting for the store.</param>
    /// <param name="also">What else is to be stored with it; false when it must not start after all.</param>
    public async Task<Sync?> StartAsync(Connection connection, bool full, bool dryRun, SyncTrigger trigger, CancellationToken cancel, Func<StoreContext, Task<bool>>? also = null)
    {
        await using var db = open();
        var sync = new Sync
        {
            Id = ShortId.New(),
            ConnectionNo = connection.No,
            ListNo = connection.ListNo,
            Trigger = trigger,
            FromSource = true,
            Full = full,
            Resend = full,
            DryRun = dryRun,
            Phase = SyncPhase.Staging,
            Outcome = SyncOutcome.Running,
            Active = true,
            StartedAt = time.GetUtcNow(),
        };
        if (!await SyncStart.SaveAsync(db, sync, node, cancel, also))
        {
            return null;
        }

        _ = monitor.Of(sync.No);
        queue.Enqueue(sync.No);
        return sync;
    }
}
