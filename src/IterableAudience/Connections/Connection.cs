namespace IterableAudience.Connections;

/// <summary>Source → destination with its list, mapping, schedule and settings. Without a source it takes pushed records only.</summary>
public sealed class Connection
{
    /// <summary>Small number that the ledger and the sync tables use; never shown.</summary>
    public long No { get; set; }

    /// <summary>Public id: short, URL-safe, without underscores.</summary>
    public required string Id { get; set; }

    public required string DestinationId { get; set; }

    /// <summary>Null: pushed records only.</summary>
    public string? SourceId { get; set; }

    public bool Enabled { get; set; }

    /// <summary>The list that this connection keeps: number of an <see cref="AudienceList"/>.</summary>
    public long ListNo { get; set; }

    /// <summary>Iterable's list id.</summary>
    public long AudienceId { get; set; }

    public bool UpdateExistingUsersOnly { get; set; }

    /// <summary>The identifiers as JSON: <c>[{"from":"EMAIL","to":"email"}]</c>.</summary>
    public required string IdentifiersJson { get; set; }

    /// <summary>The schedule as JSON, as the API shows it.</summary>
    public required string ScheduleJson { get; set; }

    /// <summary>The sync settings as JSON, as the API shows them.</summary>
    public required string SyncSettingsJson { get; set; }

    /// <summary>Goes up by one with every change that a plan depends on; an approval compares it.</summary>
    public int Version { get; set; }

    /// <summary>When this service made the list in Iterable, null when the list was there already.</summary>
    public DateTimeOffset? ListCreatedAt { get; set; }

    /// <summary>When its schedule starts it next; null when nothing starts it. In the past: it is due, or was missed.</summary>
    public DateTimeOffset? DueAt { get; set; }

    public DateTimeOffset? LastSkippedAt { get; set; }

    public string? ExternalId { get; set; }

    /// <summary>Deleted connections stay as rows, so that their syncs can be told apart until retention removes them.</summary>
    public bool Deleted { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }
}
