using IterableAudience.Store;

namespace IterableAudience.Syncs.Nodes;

/// <summary>The only process on an embedded store (see <see cref="StoreLock"/>): whatever is active there when it starts belongs to nobody any more.</summary>
internal sealed class SoleNode(LeanStore store) : NodeClaims
{
    public override bool IsOpen => true;

    public override int LiveNodes => 1;

    public override TimeSpan? Patrol => null;

    public override Task WhenOpenAsync(CancellationToken stop) => Task.CompletedTask;

    public override Task<IReadOnlyList<TakenSync>> TakeOverAsync(CancellationToken cancel)
        => store.WriteAsync<IReadOnlyList<TakenSync>>(
            write =>
            {
                write.Run("""UPDATE sync SET "ClaimedBy" = @me, "ClaimEpoch" = "ClaimEpoch" + 1 WHERE "Active" """, ("@me", Id));
                return write.Rows(
                    """SELECT "No", "Id", "Phase", "FromSource" FROM sync WHERE "Active" ORDER BY "No" """,
                    r => new TakenSync(r.GetInt64(0), r.GetString(1), (SyncPhase)r.GetInt32(2), r.GetBoolean(3)));
            },
            durable: false,
            cancel);
}
