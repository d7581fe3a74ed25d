using System.Data.Common;
using IterableAudience.Hosting;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;

namespace IterableAudience.Store;

/// <summary>Registers and opens the store.</summary>
internal static class StoreSetup
{
    /// <summary>Bytes. Blobs of many kilobytes are most of what is written: larger pages are fewer of them.</summary>
    private const int PageSize = 8192;

    /// <summary>Threads that are there at once when work waits on PostgreSQL.</summary>
    private const int LeastThreads = 32;

    /// <summary>The advisory lock under which a PostgreSQL store is migrated.</summary>
    private const long MigrationLock = 0x17e7_ab1e_0000_0001;

    public static IServiceCollection AddStore(this IServiceCollection services, IConfiguration configuration)
    {
        var location = StoreLocation.From(configuration);
        services.AddSingleton(location);
        services.AddSingleton<StoreSecrets>();
        if (location.IsPostgres)
            services.AddPostgres(location);
        else
            services.AddSqlite(location);

        services.AddProblem<DbException>(Trouble).AddProblem<DbUpdateException>(e => e.InnerException is DbException inner ? Trouble(inner) : null);
        services.AddHealthChecks().AddCheck<StoreCheck>("store", tags: [HealthEndpoints.Ready]);

        if (!string.IsNullOrWhiteSpace(configuration["Security:Certificate"]))
            services.AddOptions<KeyManagementOptions>().Configure<Func<StoreContext>>((o, open) => o.XmlRepository = new StoreKeyRing(open));
        return services;
    }

    private static void AddSqlite(this IServiceCollection services, StoreLocation location)
    {
        services.AddSingleton<StoreLock>();
        services.AddSingleton<LeanStore>(_ => new SqliteStore(location.ConnectionString));
        services.AddContext<SqliteStoreContext>((_, o) => o.UseSqlite(location.ConnectionString));
    }

    private static void AddPostgres(this IServiceCollection services, StoreLocation location)
    {
        // Work on the store waits for the server on threads of the pool: with as many as there are cores, a few syncs would hold up everything else.
        ThreadPool.GetMinThreads(out var workers, out var ports);
        ThreadPool.SetMinThreads(Math.Max(workers, LeastThreads), ports);
        services.AddSingleton(_ => NpgsqlDataSource.Create(location.ConnectionString));
        services.AddSingleton<LeanStore, PostgresStore>();
        // The driver's own strategy repeats nothing either, but hides the server's error inside another one.
        services.AddContext<PostgresStoreContext>(
            (s, o) => o.UseNpgsql(s.GetRequiredService<NpgsqlDataSource>(), n => n.ExecutionStrategy(d => new NonRetryingExecutionStrategy(d))));
    }

    private static void AddContext<T>(this IServiceCollection services, Action<IServiceProvider, DbContextOptionsBuilder> options)
        where T : StoreContext
    {
        services.AddDbContextFactory<T>(options);
        services.AddScoped<StoreContext>(s => s.GetRequiredService<T>());
        services.AddScoped<DbContext>(s => s.GetRequiredService<T>());
        // For background work, which has no scope of its own: make one, use it, dispose of it.
        services.AddSingleton<Func<StoreContext>>(s => s.GetRequiredService<IDbContextFactory<T>>().CreateDbContext);
    }

    /// <summary>
    /// Takes the store for this process (SQLite), brings its schema up to date and reads its secrets. Whatever a person has to mend ends as a
    /// <see cref="StartFailure"/>; nothing is repaired or thrown away.
    /// </summary>
    /// <returns>The migrations that were applied.</returns>
    public static async Task<IReadOnlyList<string>> OpenStoreAsync(this IServiceProvider services, CancellationToken cancellation = default)
    {
        var location = services.GetRequiredService<StoreLocation>();
        try
        {
            services.GetService<StoreLock>()?.Take();
            await using var alone = location.IsPostgres ? await LockAsync(location, cancellation) : null;
            if (!location.IsPostgres)
                Prepare(location);
            await using var db = services.GetRequiredService<Func<StoreContext>>()();
            await db.GetService<IHistoryRepository>().CreateIfNotExistsAsync(cancellation); // else EF Core logs an error about a new store
            var pending = (await db.Database.GetPendingMigrationsAsync(cancellation)).ToList();
            if (location.IsPostgres)
            {
                db.Database.SetCommandTimeout(TimeSpan.FromMinutes(30)); // a migration may have to rewrite what a large store holds
            }

            await db.Database.MigrateAsync(cancellation);
            await services.GetRequiredService<StoreSecrets>().LoadAsync(db, cancellation);
            return pending;
        }
        catch (DbException e)
        {
            throw new StartFailure($"The store {location.Name} can't be opened: {StoreErrors.Explain(e)}", e);
        }
    }

    /// <summary>Nodes that start together migrate one after the other: the later ones find nothing left to do. Given up with the connection, which is no pool's.</summary>
    private static async Task<NpgsqlConnection> LockAsync(StoreLocation location, CancellationToken cancellation)
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(location.ConnectionString) { Pooling = false }.ToString());
        await connection.OpenAsync(cancellation);
        await using var command = new NpgsqlCommand($"SELECT pg_advisory_lock({MigrationLock})", connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellation);
        return connection;
    }

    /// <summary>
    /// Readers that never wait for the writer, and commits that need not wait for the disk: both are the write-ahead log's doing, which
    /// SQLite keeps on for a file once it is told. EF Core would tell it only for a file that it makes itself.
    /// </summary>
    private static void Prepare(StoreLocation location)
    {
        using var connection = new SqliteConnection(location.ConnectionString);
        connection.Open();
        connection.Run($"PRAGMA page_size={PageSize}"); // has an effect on a file that is still empty
        connection.Run("PRAGMA journal_mode=WAL");
    }

    /// <summary>The store is to blame, not the request or the service. A violated constraint or a statement that the store doesn't understand is a bug.</summary>
    private static ProblemAnswer? Trouble(DbException e)
        => e.IsOfTheStatement()
            ? null
            : ProblemAnswer.Of(
                StatusCodes.Status503ServiceUnavailable, $"The store can't be used: {StoreErrors.Explain(e)} Nothing was changed or sent; try again later.");

    /// <summary>Lets the examples of the document name the newest resource of a kind.</summary>
    public static IServiceCollection AddLiveId(this IServiceCollection services, string placeholder, string? pathPrefix, Func<StoreContext, string?> newest)
        => services.AddSingleton(new LiveId(placeholder, pathPrefix, placeholder.Trim('{', '}') + "1", s => newest(s.GetRequiredService<StoreContext>())));
}
