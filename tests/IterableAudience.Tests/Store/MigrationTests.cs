using System.Net;
using IterableAudience.Store;
using IterableAudience.Syncs.Ledger;
using IterableAudience.Tests.Plan;
using IterableAudience.Tests.Stores;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace IterableAudience.Tests.Store;

/// <summary>Both stores have the same schema, made by the same migrations.</summary>
public sealed class MigrationTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void Both_stores_have_the_same_migrations_and_none_is_missing()
    {
        using var sqlite = new SqliteDesignTime().CreateDbContext([]);
        using var postgres = new PostgresDesignTime().CreateDbContext([]);
        Assert.Equal(sqlite.Database.GetMigrations(), postgres.Database.GetMigrations());
        Assert.False(sqlite.Database.HasPendingModelChanges(), "The model has changed: add a migration of the SQLite store.");
        Assert.False(postgres.Database.HasPendingModelChanges(), "The model has changed: add a migration of the PostgreSQL store.");
    }

    [Theory]
    [StoreData]
    public async Task A_new_store_gets_all_migrations_at_the_first_start_and_none_at_the_second(StoreKind store)
    {
        await using var first = new TestHost(store);
        EmptyDatabase(first);
        (await first.GetAsync("/health/ready")).ShouldBe(HttpStatusCode.OK);
        Assert.Empty(first.Logs.Warnings);
        await first.StopAsync();

        await using var second = new TestHost(store) { Settings = { ["Security:KeyRing"] = first.Settings["Security:KeyRing"] } };
        second.Settings["ConnectionStrings:Store"] = first.Settings["ConnectionStrings:Store"];
        (await second.GetAsync("/health/ready")).ShouldBe(HttpStatusCode.OK);
        await using var db = second.Provider.GetRequiredService<Func<StoreContext>>()();
        Assert.Equal(db.Database.GetMigrations(), await db.Database.GetAppliedMigrationsAsync(Cancel));
        Assert.Empty(second.Logs.Warnings);
        await second.StopAsync();
    }

    /// <summary>A PostgreSQL server is needed for the second half of this.</summary>
    [Theory]
    [StoreData]
    public async Task Every_table_has_the_columns_that_the_other_store_gives_it(StoreKind store)
    {
        var tables = await ColumnsAsync(store);
        Assert.Equal(await ColumnsAsync(StoreKind.Sqlite), tables);
        Assert.Contains(tables, t => t.StartsWith("member.", StringComparison.Ordinal));
        Assert.Contains(tables, t => t.StartsWith("connection.", StringComparison.Ordinal));
    }

    /// <summary>A holder that gets lost on the way is a wrong unsubscribe one day.</summary>
    [Theory]
    [StoreData]
    public async Task Holders_of_before_there_were_runs_are_found_afterwards(StoreKind store)
    {
        await using var host = new TestHost(store);
        EmptyDatabase(host);
        var place = store == StoreKind.Sqlite ? $"Data Source={Path.Combine(Path.GetTempPath(), Path.GetRandomFileName())}" : host.Settings["ConnectionStrings:Store"];
        await using StoreContext db = store == StoreKind.Sqlite
            ? new SqliteStoreContext(new DbContextOptionsBuilder<SqliteStoreContext>().UseSqlite(place).Options)
            : new PostgresStoreContext(new DbContextOptionsBuilder<PostgresStoreContext>().UseNpgsql(place).Options);
        await db.Database.MigrateAsync("20261124144500_RetrySet", Cancel);
        var random = new Random(1);
        var holders = Enumerable.Range(0, 1_000).Select(i => (List: (long)random.Next(1, 3), Hash: i < 900 ? random.NextInt64(long.MinValue, long.MaxValue) : -i / 90, Connection: (long)random.Next(1, 4), Key: random.NextInt64(long.MinValue, long.MaxValue))).ToList();
        var connection = db.Database.GetDbConnection();
        await connection.OpenAsync(Cancel);
        foreach (var (list, hash, of, key) in holders)
            connection.Run("INSERT INTO holder (list, hash, connection, key_hash) VALUES (@l, @h, @c, @k)", ("@l", list), ("@h", hash), ("@c", of), ("@k", key));

        await db.Database.MigrateAsync(Cancel);

        foreach (var list in new long[] { 1, 2 })
        {
            Assert.Equal(holders.Where(h => h.List == list).Select(h => (h.Hash, h.Connection, h.Key)).Order(), HolderView.Read(connection, list).Order());
            using var index = new HolderIndex(connection, list);
            foreach (var (_, hash, of, key) in holders.Where(h => h.List == list))
                Assert.Contains((of, key), index.Find(hash));
            Assert.Equal(
                holders.Count(h => h.List == list),
                connection.Count("SELECT sum(entries) FROM holder_run WHERE list = @l AND live = 1 AND gone = 0", ("@l", list)));
        }
    }

    /// <summary>Every column as <c>table.column</c>.</summary>
    private static async Task<List<string>> ColumnsAsync(StoreKind store)
    {
        await using var host = new TestHost(store);
        EmptyDatabase(host);
        var sql = store == StoreKind.Sqlite
            ? "SELECT t.name || '.' || c.name FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE '%sqlite%' AND t.name NOT LIKE '%EFMigrations%'"
            : "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE '%EFMigrations%' AND table_name NOT LIKE 'qrtz%'";
        var columns = host.Provider.GetRequiredService<LeanStore>().Read(c => c.Rows(sql, r => r.GetString(0)));
        return [.. columns.Order(StringComparer.Ordinal)];
    }

    /// <summary>The databases of other tests are copies of one that has the schema already.</summary>
    private static void EmptyDatabase(TestHost host)
    {
        if (host.Store.Kind == StoreKind.PostgreSql)
            host.Settings["ConnectionStrings:Store"] = PostgresServer.Shared.NewDatabase();
    }
}
