using IterableAudience.Store;
using IterableAudience.Syncs.Nodes;

namespace IterableAudience.Syncs;

/// <summary>
/// The claim on a list and the steps of a sync's phase. A list has one sync at a time between plan and close; the claim is in the store,
/// so a sync that was cut off keeps its list and is resumed before another one plans. Others wait here, in the order of their coming.
/// </summary>
internal sealed class SyncClaims(NodeClaims node, TimeProvider time)
{
    private readonly Lock _gate = new();
    private TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Waits until the list is free and claims it for the sync; false when <paramref name="stop"/> came first.</summary>
    public async Task<bool> ClaimListAsync(SyncWork work, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            Task released;
            lock (_gate)
            {
                released = _released.Task;
            }

            if (await TryClaimAsync(work))
            {
                return true;
            }

            // Another node may release it, too: look again now and then.
            await Task.WhenAny(released, Task.Delay(node.Patrol ?? TimeSpan.FromSeconds(5), time, stop));
        }

        return false;
    }

    /// <summary>Writes the next phase; on the disk when this returns.</summary>
    public static async Task EnterAsync(SyncWork work, SyncPhase phase, CancellationToken cancel)
    {
        work.Sync.Phase = phase;
        work.Sync.Outcome = SyncOutcome.Running;
        work.Progress.Phase = phase;
        await work.Store.WriteAsync(
            write => write.Run(
                """
                UPDATE sync SET "Phase" = @p, "Outcome" = @o, "PlanHash" = @h, "CountsJson" = @c, "PlanLedgerVersion" = @l, "PlanConnectionVersion" = @v
                WHERE "No" = @n
                """,
                ("@p", (int)phase), ("@o", (int)SyncOutcome.Running), ("@h", work.Sync.PlanHash), ("@c", SyncJson.Write(work.Counts)),
                ("@l", work.Sync.PlanLedgerVersion), ("@v", work.PlanConnectionVersion), ("@n", work.Sync.No)),
            durable: true,
            cancel);
    }

    /// <summary>Wakes those who wait for a list.</summary>
    public void Released()
    {
        lock (_gate)
        {
            _released.TrySetResult();
            _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    private static Task<bool> TryClaimAsync(SyncWork work)
        => work.Store.WriteAsync(
            write =>
            {
                var claimed = write.Run(
                    """
                    UPDATE audience_list SET "ClaimedBySync" = @s
                    WHERE "No" = @l AND ("ClaimedBySync" IS NULL OR "ClaimedBySync" = @s)
                    """,
                    ("@s", work.Sync.No), ("@l", work.Sync.ListNo)) == 1;
                if (claimed)
                {
                    work.LedgerVersion = write.Count("SELECT \"LedgerVersion\" FROM audience_list WHERE \"No\" = @l", ("@l", work.Sync.ListNo));
                }

                return claimed;
            },
            durable: true,
            CancellationToken.None);
}
