namespace IterableAudience.Iterable;

/// <summary>
/// Whether requests of a sync may be started now. A node that may not be the owner of its syncs any more (it froze, or can't reach the store) keeps
/// the gate shut: somebody else may be sending for them.
/// </summary>
internal interface ISendGate
{
    /// <summary>A request that starts now is answered, or has timed out, before anybody else may take the sync over.</summary>
    bool IsOpen { get; }

    /// <summary>Completes when the gate is open, at once if it is.</summary>
    Task WhenOpenAsync(CancellationToken stop);
}
