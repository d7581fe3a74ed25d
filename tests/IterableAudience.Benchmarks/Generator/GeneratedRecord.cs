using IterableAudience.Records;

namespace IterableAudience.Benchmarks.Generator;

/// <summary>A record as a sender would send it, and the truth about it.</summary>
/// <param name="Line">From 1.</param>
/// <param name="Email">The raw value; null when the record has none.</param>
/// <param name="UserId">The raw value; null when the record has none.</param>
internal readonly record struct GeneratedRecord(int Line, RecordAction Action, string PrimaryKey, string? Email, string? UserId, Truth Truth)
{
    public bool HasBoth => Email is not null && UserId is not null;
}
