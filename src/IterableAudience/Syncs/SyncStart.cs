using IterableAudience.Store;
using IterableAudience.Syncs.Nodes;
using Microsoft.EntityFrameworkCore;

namespace IterableAudience.Syncs;

/// <summary>Step 1 of the spine: making a sync is the claim on its connection.</summary>
internal static class SyncStart
{
    /// <summary>
    /// Inserts the sync with its own number as the number of its plan, unless that is set. False when the connection is deleted; when it, or the idempotency
    /// key, is taken; or when that plan waits for no decision any more, or its records are gone; or when <paramref name="also"/>, which runs in the same transaction, says so.
    /// </summary>
    /// <remarks>What it rests on is written, not only looked at: whoever changes that at the same time waits for the row, and then finds the sync, or is found here.</remarks>
    public static async Task<bool> SaveAsync(StoreContext db, Sync sync, NodeClaims node, CancellationToken cancel, Func<StoreContext, Task<bool>>? also = null)
    {
        (sync.ClaimedBy, sync.ClaimEpoch) = (node.Id, 1);
        db.Syncs.Add(sync);
        try
        {
            await using var transaction = await db.Database.BeginTransactionAsync(cancel);
            if (await db.Connections.Where(c => c.No == sync.ConnectionNo && !c.Deleted).ExecuteUpdateAsync(u => u.SetProperty(c => c.Deleted, false), cancel) == 0)
            {
                return false; // a delete has the row, and releases the ledger
            }

            // A purge, or a discard.
            if (sync.PlanSyncNo != 0
                && await db.Syncs.Where(s => s.No == sync.PlanSyncNo && !s.RecordsPurged && (s.Outcome == SyncOutcome.Held || s.Outcome == SyncOutcome.Planned))
                    .ExecuteUpdateAsync(u => u.SetProperty(s => s.RecordsPurged, false), cancel) == 0)
            {
                return false;
            }

            if (also is not null && !await also(db))
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
