using System.Data.Common;
using IterableAudience.Store;

namespace IterableAudience.Syncs.Mirror;

/// <summary>
/// What the end of a sync means for the baseline of its connection; in the transaction that ends it. Done again, it changes nothing.
/// </summary>
internal static class BaselineKeeper
{
    /// <param name="write">The transaction.</param>
    /// <param name="sync">As it ends.</param>
    /// <param name="counts">Of its plan.</param>
    /// <param name="mayHaveSent">Its sending was begun.</param>
    public static void End(DbConnection write, Sync sync, SyncCounts counts, bool mayHaveSent)
    {
        if (!sync.FromSource)
        {
            if (mayHaveSent)
            {
                // Pushed records moved the ledger past what the last sync of the source has seen.
                write.Run("""UPDATE baseline SET "NeedsFull" = TRUE WHERE "ConnectionNo" = @c""", ("@c", sync.ConnectionNo));
            }

            return;
        }

        if (sync.Outcome is SyncOutcome.Planned or SyncOutcome.Held)
        {
            return; // an approval may make it the baseline
        }

        if (sync.Outcome is SyncOutcome.Completed or SyncOutcome.CompletedWithFailures)
        {
            Publish(write, sync, dirty: false, sentAll: sync.Full && sync.Resend, needsCompare: counts.Stays > 0 || (sync.Full && counts.PutsOffRemovals), counts.PutsOffRemovals);
        }
        else if (!mayHaveSent)
        {
            if (sync.Trigger != SyncTrigger.Approval)
            {
                BaselineStore.Drop(write, sync.ConnectionNo, sync.PlanSyncNo);
                if (sync is { Resend: true, DryRun: false })
                {
                    // What somebody wanted sent is still to be.
                    write.Run("""UPDATE baseline SET "NeedsFull" = TRUE WHERE "ConnectionNo" = @c""", ("@c", sync.ConnectionNo));
                }
            }
        }
        else if (sync.Full)
        {
            write.Run(
                """UPDATE baseline SET "NeedsFull" = "NeedsFull" OR @r, "NeedsCompare" = "NeedsCompare" OR NOT @r WHERE "ConnectionNo" = @c""",
                ("@r", sync.Resend), ("@c", sync.ConnectionNo));
            BaselineStore.Drop(write, sync.ConnectionNo, sync.PlanSyncNo);
        }
        else
        {
            Publish(write, sync, dirty: true, sentAll: false, needsCompare: counts.Stays > 0, counts.PutsOffRemovals);
        }
    }

    /// <summary>A plan that waited was dropped.</summary>
    public static void Discard(DbConnection write, Sync planned)
    {
        if (planned.FromSource)
        {
            BaselineStore.Drop(write, planned.ConnectionNo, planned.PlanSyncNo);
        }
    }

    /// <summary>What the sync has read becomes the baseline; what else was beside it has had its day.</summary>
    private static void Publish(DbConnection write, Sync sync, bool dirty, bool sentAll, bool needsCompare, bool putsOffRemovals)
    {
        var (connection, plan) = (sync.ConnectionNo, sync.PlanSyncNo);
        write.Run(
            """
            INSERT INTO baseline ("ConnectionNo", "SyncNo", "Way", "ReadAsJson", "IsDirty", "NeedsFull", "NeedsCompare", "Nameless")
            SELECT "ConnectionNo", "SyncNo", "Way", "ReadAsJson", @d, FALSE, @p, CASE WHEN @k THEN 0 ELSE "Nameless" END
            FROM source_run WHERE "SyncNo" = @s
            ON CONFLICT ("ConnectionNo") DO UPDATE SET "SyncNo" = excluded."SyncNo", "Way" = excluded."Way", "ReadAsJson" = excluded."ReadAsJson", "IsDirty" = excluded."IsDirty",
              "NeedsFull" = baseline."NeedsFull" AND NOT @a, "NeedsCompare" = @p,
              "Nameless" = CASE
                WHEN NOT @k THEN excluded."Nameless"
                WHEN baseline."ReadAsJson" = excluded."ReadAsJson" THEN baseline."Nameless"
                ELSE 0 END
            """,
            ("@d", dirty), ("@a", sentAll), ("@p", needsCompare), ("@k", dirty || putsOffRemovals), ("@s", plan));
        write.Run(
            """
            DELETE FROM baseline_part WHERE connection = @c AND live = 1
              AND (part IN (SELECT part FROM baseline_part WHERE connection = @c AND sync = @s AND live = 0)
                OR EXISTS (SELECT 1 FROM source_run WHERE "SyncNo" = @s AND "Way" <> 0))
            """,
            ("@c", connection), ("@s", plan));
        write.Run("UPDATE baseline_part SET live = 1 WHERE connection = @c AND sync = @s", ("@c", connection), ("@s", plan));
        write.Run("DELETE FROM baseline_part WHERE connection = @c AND live = 0", ("@c", connection));
        write.Run("""DELETE FROM source_run WHERE "ConnectionNo" = @c AND "SyncNo" <> @s""", ("@c", connection), ("@s", plan));
    }
}
