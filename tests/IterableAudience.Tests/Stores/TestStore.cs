using Microsoft.Data.Sqlite;

namespace IterableAudience.Tests.Stores;

/// <summary>The store of one test: a file in a folder of its own, or a database of its own.</summary>
public sealed class TestStore
{
    public TestStore(StoreKind kind, string folder)
    {
        Kind = kind;
        ConnectionString = kind == StoreKind.Sqlite ? $"Data Source={Path.Combine(folder, "store.db")}" : PostgresServer.Shared.NewDatabase();
    }

    public StoreKind Kind { get; }

    public string ConnectionString { get; }

    /// <summary>Settings of a service that uses the store.</summary>
    public Dictionary<string, string?> Settings => new()
    {
        ["Store:Provider"] = Kind.ToString(),
        ["ConnectionStrings:Store"] = ConnectionString,
    };

    /// <summary>Closes what is still open, and drops a database; a file goes with its folder.</summary>
    public void Delete()
    {
        if (Kind == StoreKind.PostgreSql)
            PostgresServer.Shared.Drop(ConnectionString);
        else
            SqliteConnection.ClearAllPools();
    }
}
