namespace IterableAudience.Syncs.Report;

/// <summary>How a viewer sees identifiers and row keys: enough to recognize, not enough to know.</summary>
internal static class Masking
{
    /// <summary><c>ada@example.com</c> → <c>a…@example.com</c>; anything else as <see cref="Key"/>.</summary>
    public static string Email(string email)
    {
        var at = email.LastIndexOf('@');
        return at > 0 ? $"{email[0]}…{email[at..]}" : Key(email);
    }

    /// <summary><c>u-1007</c> → <c>u…7</c>; of one or two characters nothing is left.</summary>
    public static string Key(string key)
        => key.Length <= 2 ? "…" : key.Contains('@', StringComparison.Ordinal) && key.IndexOf('@', StringComparison.Ordinal) > 0 ? Email(key) : $"{key[0]}…{key[^1]}";
}
