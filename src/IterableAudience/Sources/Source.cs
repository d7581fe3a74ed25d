namespace IterableAudience.Sources;

/// <summary>Where an audience comes from: a table or a model (SQL) in a warehouse, with a primary key.</summary>
public sealed class Source
{
    /// <summary>Short, URL-safe, without underscores.</summary>
    public required string Id { get; set; }

    public required string Name { get; set; }

    /// <summary><c>table</c> or <c>model</c>.</summary>
    public required string SourceType { get; set; }

    /// <summary>The kind of warehouse, e.g. <c>postgres</c>.</summary>
    public required string DefinitionName { get; set; }

    /// <summary>The warehouse.</summary>
    public required string AccountId { get; set; }

    /// <summary>A disabled source is not read, and its connections run no sync, pushed ones included.</summary>
    public bool Enabled { get; set; }

    /// <summary>The config as JSON (<see cref="SourceConfig"/>).</summary>
    public required string ConfigJson { get; set; }

    public string? ExternalId { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }
}

/// <summary>A look at some rows that somebody has asked for. Only the question is stored: the rows are read when they are fetched.</summary>
public sealed class Preview
{
    public required string Id { get; set; }

    /// <summary>What was asked for, as JSON.</summary>
    public required string RequestJson { get; set; }

    public DateTimeOffset CreatedAt { get; set; }
}
