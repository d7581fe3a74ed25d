namespace IterableAudience.Records;

/// <summary>Which source columns become which identifier. A null column means: records bring the identifier under its own name in <c>identifiers</c>.</summary>
public sealed record IdentifierMapping(string? EmailColumn, string? UserIdColumn)
{
    /// <summary>No columns are mapped.</summary>
    public static readonly IdentifierMapping None = new(null, null);
}
