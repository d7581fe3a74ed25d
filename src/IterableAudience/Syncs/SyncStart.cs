using IterableAudience.Store;
using IterableAudience.Syncs.Nodes;
using Microsoft.EntityFrameworkCore;

namespace IterableAudience.Syncs;

/// <summary>Step 1 of the spine: making a sync is the claim on its connection.</summary>
internal static class SyncStart
{
    /// <summary>
    /// Inserts the sync with its own number as the number of its plan, unless that is set. False when the connection, or the idempotency key, is
    /// taken, or the records of that plan are gone.
    /// </summary>
    public static async Task<bool> SaveAsync(StoreContext db, Sync sync, NodeClaims node, CancellationToken cancel)
    {
        (sync.ClaimedBy, sync.ClaimEpoch) = (node.Id, 1);
        db.Syncs.Add(sync);
        try
        {
            await using var transaction = await db.Database.BeginTransactionAsync(cancel);
            // Written, not only looked at: a purge that comes at the same time waits for this row, and then finds the sync that needs it.
            if (sync.PlanSyncNo != 0
                && await db.Syncs.Where(s => s.No == sync.PlanSyncNo && !s.RecordsPurged).ExecuteUpdateAsync(u => u.SetProperty(s => s.RecordsPurged, false), cancel) == 0)
            {
                return false;
            }

            await db.SaveChangesAsync(cancel);
            if (sync.PlanSyncNo == 0)
            {
                sync.PlanSyncNo = sync.No;
                await db.SaveChangesAsync(cancel);
            }

            await transaction.CommitAsync(cancel);
            return true;
        }
        catch (DbUpdateException e) when (e.IsUniqueViolation())
        {
            return false;
        }
    }
}
