namespace IterableAudience.Accounts;

/// <summary>Credentials: an Iterable project or a warehouse. The secret is stored protected and never leaves the service.</summary>
public sealed class Account
{
    /// <summary>Short, URL-safe, without underscores.</summary>
    public required string Id { get; set; }

    /// <summary>Unique among accounts.</summary>
    public required string Name { get; set; }

    /// <summary>E.g. <c>DESTINATION_ITERABLE_AUDIENCE_API_KEY</c>.</summary>
    public required string DefinitionName { get; set; }

    /// <summary>The options as normalized JSON, e.g. <c>{"dataCenter":"US","projectType":"hybrid"}</c>.</summary>
    public required string OptionsJson { get; set; }

    /// <summary>The secret's JSON, encrypted by Data Protection (base64url).</summary>
    public required string ProtectedSecret { get; set; }

    /// <summary>Keyed hash of the API key: accounts with the same key are one Iterable project and share its rate budget. Null for warehouses.</summary>
    public string? ProjectKey { get; set; }

    public string? ExternalId { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }
}
