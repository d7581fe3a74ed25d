using IterableAudience.Records;

namespace IterableAudience.Syncs.Report;

/// <summary>How a viewer sees identifiers and row keys: enough to recognize, not enough to know.</summary>
internal static class Masking
{
    /// <summary><c>ada@example.com</c> → <c>a…@example.com</c>; anything else as <see cref="Key"/>.</summary>
    public static string Email(string email) => Key(email);

    /// <summary><c>u-1007</c> → <c>u…7</c>; of one or two characters nothing is left. A key that is an e-mail is shown as one.</summary>
    /// <remarks>Only of what is an address the domain is shown: in other texts anything may follow the @, another person too.</remarks>
    public static string Key(string key)
        => key.Length <= 2 ? "…"
            : EmailForm.IsValid(key.Trim().ToLowerInvariant()) ? $"{key[0]}…{key[key.LastIndexOf('@')..]}"
            : $"{key[0]}…{key[^1]}";
}
