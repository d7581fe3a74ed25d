namespace IterableAudience.Connections;

/// <summary>A connection that somebody is setting up in the console: what has been filled in so far. Holds no secret.</summary>
public sealed class ConnectionDraft
{
    /// <summary>How long after its last change.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromDays(7);

    public required string Id { get; set; }

    /// <summary>Id of the token that it was begun with; nobody else sees it.</summary>
    public required string Owner { get; set; }

    /// <summary>The fields by their names, as JSON.</summary>
    public required string FieldsJson { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }
}
