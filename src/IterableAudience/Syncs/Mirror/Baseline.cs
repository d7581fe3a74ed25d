namespace IterableAudience.Syncs.Mirror;

/// <summary>How the changes of a source are found.</summary>
public enum DiffWay : byte
{
    /// <summary>Against what the service itself remembers of the rows: the warehouse is only read.</summary>
    Ledger,

    /// <summary>In the warehouse, against the snapshot table of the last sync.</summary>
    Snapshot,
}

/// <summary>What the next sync of a connection compares its source with: the rows as the last sync read them that came to its end.</summary>
public sealed class Baseline
{
    public long ConnectionNo { get; set; }

    /// <summary>The sync that read them; it names the snapshot table.</summary>
    public long SyncNo { get; set; }

    /// <summary>Where they are.</summary>
    public DiffWay Way { get; set; }

    /// <summary>The source's config and the mapping that they were read with (JSON of <see cref="ReadAs"/>).</summary>
    public required string ReadAsJson { get; set; }

    /// <summary>The sync did not come to its end: nobody knows which of its changes took effect. Each of them counts as changed again.</summary>
    public bool IsDirty { get; set; }

    /// <summary>The next sync must be a full one, and send everything.</summary>
    public bool NeedsFull { get; set; }

    /// <summary>Somebody may be on the list whom the baseline hasn't: the next sync compares source and ledger as a whole, and sends only what differs.</summary>
    public bool NeedsCompare { get; set; }

    /// <summary>Rows without key and identity that were there when the list was last made equal: so many may be there without anybody having been lost.</summary>
    public long Nameless { get; set; }
}

/// <summary>What a sync has read of its source, until it is decided whether that becomes the baseline.</summary>
public sealed class SourceRun
{
    public long SyncNo { get; set; }

    public long ConnectionNo { get; set; }

    public DiffWay Way { get; set; }

    /// <summary>As in <see cref="Baseline.ReadAsJson"/>.</summary>
    public required string ReadAsJson { get; set; }

    /// <summary>Rows without key and identity.</summary>
    public long Nameless { get; set; }

    /// <summary>The snapshot table; null where there is none.</summary>
    public string? SnapshotTable { get; set; }

    /// <summary>Its columns as JSON, the key first.</summary>
    public string SnapshotColumnsJson { get; set; } = "[]";
}
