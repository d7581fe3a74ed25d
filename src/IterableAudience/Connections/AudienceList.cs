namespace IterableAudience.Connections;

/// <summary>A static list in Iterable: (data center, list id), whatever accounts name it. It is the unit that a sync claims between plan and close.</summary>
public sealed class AudienceList
{
    public long No { get; set; }

    /// <summary><c>US</c> or <c>EU</c>.</summary>
    public required string DataCenter { get; set; }

    /// <summary>Iterable's list id.</summary>
    public long ListId { get; set; }

    /// <summary>Its name when the service last saw it in Iterable; null when it never did. For people only.</summary>
    public string? Name { get; set; }

    /// <summary>The sync that holds the list, null when it is free. Survives the process: the sync is resumed before another one plans.</summary>
    public long? ClaimedBySync { get; set; }

    /// <summary>Goes up with every sync that may have changed the ledger of this list; an approval compares it.</summary>
    public long LedgerVersion { get; set; }
}
