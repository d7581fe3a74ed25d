namespace IterableAudience.Accounts;

/// <summary>A kind of account, by RudderStack's name for it.</summary>
/// <param name="Name">As in <c>accountDefinitionName</c>.</param>
/// <param name="Type">What it connects to.</param>
/// <param name="Category"><c>destination</c> or <c>source</c>.</param>
internal sealed record AccountDefinition(string Name, string Type, string Category)
{
    public static readonly AccountDefinition Iterable = new("DESTINATION_ITERABLE_AUDIENCE_API_KEY", "iterable_audience", "destination");
    public static readonly AccountDefinition Postgres = new("SOURCE_POSTGRES", "postgres", "source");
    public static readonly AccountDefinition DuckDb = new("SOURCE_DUCKDB", "duckdb", "source");
    public static readonly AccountDefinition[] All = [Iterable, Postgres, DuckDb];

    public static AccountDefinition? Find(string? name) => Array.Find(All, d => d.Name == name);
}
