namespace IterableAudience.Iterable;

/// <summary>A list of an Iterable project, as <c>GET /api/lists</c> shows it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name; Iterable doesn't promise that it is unique.</param>
/// <param name="ListType"><c>Standard</c> (a static list), <c>Dynamic</c>, <c>Suppression</c>, <c>Internal</c>, or a word that Iterable added since.</param>
/// <param name="Description">Null when it has none.</param>
/// <param name="CreatedAt">Null when Iterable doesn't say.</param>
public sealed record IterableList(long Id, string Name, string ListType, string? Description, DateTimeOffset? CreatedAt)
{
    /// <summary>Whether people can be put on it. Iterable takes subscribes to a dynamic list, counts them as successes, and does nothing.</summary>
    public bool IsStatic => string.Equals(ListType, "Standard", StringComparison.OrdinalIgnoreCase);
}
