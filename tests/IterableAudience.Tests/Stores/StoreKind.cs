namespace IterableAudience.Tests.Stores;

/// <summary>Where the service under test keeps its store.</summary>
public enum StoreKind
{
    Sqlite,
    PostgreSql,
}
