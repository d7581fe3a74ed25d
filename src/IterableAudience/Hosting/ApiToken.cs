namespace IterableAudience.Hosting;

/// <summary>A bearer token; only its hash is stored.</summary>
public sealed class ApiToken
{
    public required string Id { get; set; }

    public required string Name { get; set; }

    /// <summary><c>viewer</c>, <c>operator</c> or <c>admin</c>.</summary>
    public required string Role { get; set; }

    /// <summary>SHA-256 of the token, in base64url.</summary>
    public required string Hash { get; set; }

    public DateTimeOffset CreatedAt { get; set; }
}
