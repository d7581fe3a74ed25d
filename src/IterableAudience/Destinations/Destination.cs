namespace IterableAudience.Destinations;

/// <summary>An Iterable account made available to connections.</summary>
public sealed class Destination
{
    public required string Id { get; set; }

    /// <summary>Unique among destinations.</summary>
    public required string Name { get; set; }

    public required string AccountId { get; set; }

    /// <summary>A disabled destination runs no sync.</summary>
    public bool Enabled { get; set; }

    public string? ExternalId { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }
}
