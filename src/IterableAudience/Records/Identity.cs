namespace IterableAudience.Records;

/// <summary>The valid, normalized identifiers of one record: an e-mail in lower case, a userId exactly as received. At least one of them is set.</summary>
/// <param name="Email">Trimmed and in lower case, or null.</param>
/// <param name="UserId">Exactly as received, 1 to 52 printable ASCII characters, or null.</param>
public readonly record struct Identity(string? Email, string? UserId)
{
    /// <summary>
    /// Whether two identities are one person: the same userId, or, where either lacks a userId, the same e-mail.
    /// This is not transitive: (e) is the same person as (e,u) and as (e,v), but those two are not.
    /// </summary>
    public bool IsSamePersonAs(Identity other)
        => UserId is not null && other.UserId is not null
            ? string.Equals(UserId, other.UserId, StringComparison.Ordinal)
            : Email is not null && string.Equals(Email, other.Email, StringComparison.Ordinal);
}
