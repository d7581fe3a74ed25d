using IterableAudience.Iterable;

namespace IterableAudience.Syncs.Nodes;

/// <summary>
/// What this process may work on. A sync belongs to the node that claimed it (columns <c>ClaimedBy</c> and <c>ClaimEpoch</c> of the sync); whoever takes
/// it over counts the epoch up, and every write of the old owner is refused from then on.
/// </summary>
internal abstract class NodeClaims : ISendGate
{
    /// <summary>Names this process; another one at each start.</summary>
    public string Id { get; } = Hosting.ShortId.New();

    /// <inheritdoc/>
    public abstract bool IsOpen { get; }

    /// <summary>Nodes that live on the store, this one included.</summary>
    public abstract int LiveNodes { get; }

    /// <summary>How often to look for syncs whose node is gone; null: only at the start, nobody else works on the store.</summary>
    public abstract TimeSpan? Patrol { get; }

    /// <summary>Others work on the store, who are asked about the syncs of this one.</summary>
    public bool TellsOthers => Patrol is not null;

    /// <inheritdoc/>
    public abstract Task WhenOpenAsync(CancellationToken stop);

    /// <summary>Takes over the syncs that belong to nobody any more.</summary>
    public abstract Task<IReadOnlyList<TakenSync>> TakeOverAsync(CancellationToken cancel);
}

/// <summary>A sync that was another process's.</summary>
/// <param name="No">Number of the sync.</param>
/// <param name="Id">Its id.</param>
/// <param name="Phase">Where it was cut off.</param>
/// <param name="FromSource">Its records come from the connection's source, which can be read again.</param>
internal sealed record TakenSync(long No, string Id, SyncPhase Phase, bool FromSource);
