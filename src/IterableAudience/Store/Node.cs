namespace IterableAudience.Store;

/// <summary>A process that works on the store; on PostgreSQL there may be several.</summary>
public sealed class Node
{
    /// <summary>Made at each start, so that a process never inherits what another one had.</summary>
    public required string Id { get; init; }

    /// <summary>When its claims end unless it renews them, in milliseconds of the database's clock.</summary>
    public long Until { get; set; }

    /// <summary>After that, how much longer its requests may be on the wire, in milliseconds: a successor waits for it, too.</summary>
    public long Grace { get; set; }
}
