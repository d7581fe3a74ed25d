using IterableAudience.Hosting;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace IterableAudience.Store;

/// <summary>Registers and opens the store.</summary>
internal static class StoreSetup
{
    /// <summary>Bytes. Blobs of many kilobytes are most of what is written: larger pages are fewer of them.</summary>
    private const int PageSize = 8192;


    public static IServiceCollection AddStore(this IServiceCollection services, IConfiguration configuration)
    {
        var location = StoreLocation.From(configuration);
        services.AddSingleton(location);
        services.AddSingleton<StoreLock>();
        services.AddSingleton<StoreSecrets>();
        services.AddDbContextFactory<SqliteStoreContext>(o => o.UseSqlite(location.ConnectionString));
        services.AddScoped<StoreContext>(s => s.GetRequiredService<SqliteStoreContext>());
        services.AddScoped<DbContext>(s => s.GetRequiredService<SqliteStoreContext>());
        // For background work, which has no scope of its own: make one, use it, dispose of it.
        services.AddSingleton<Func<StoreContext>>(s => s.GetRequiredService<IDbContextFactory<SqliteStoreContext>>().CreateDbContext);
        services.AddProblem<SqliteException>(Trouble).AddProblem<DbUpdateException>(e => e.InnerException is SqliteException inner ? Trouble(inner) : null);
        services.AddHealthChecks().AddCheck<StoreCheck>("store", tags: [HealthEndpoints.Ready]);

        if (!string.IsNullOrWhiteSpace(configuration["Security:Certificate"]))
            services.AddOptions<KeyManagementOptions>().Configure<Func<StoreContext>>((o, open) => o.XmlRepository = new StoreKeyRing(open));
        return services;
    }

    /// <summary>
    /// Takes the store for this process, brings its schema up to date and reads its secrets. Whatever a person has to mend ends as a
    /// <see cref="StartFailure"/>; nothing is repaired or thrown away.
    /// </summary>
    public static async Task OpenStoreAsync(this WebApplication app, CancellationToken cancellation = default)
    {
        var location = app.Services.GetRequiredService<StoreLocation>();
        try
        {
            app.Services.GetRequiredService<StoreLock>().Take();
            Prepare(location);
            await using var db = app.Services.GetRequiredService<Func<StoreContext>>()();
            await db.Database.MigrateAsync(cancellation);
            await app.Services.GetRequiredService<StoreSecrets>().LoadAsync(db, cancellation);
        }
        catch (SqliteException e)
        {
            throw new StartFailure($"The store {location.File} can't be opened: {StoreErrors.Explain(e.SqliteErrorCode)}", e);
        }
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

    /// <summary>The store is to blame, not the request or the service. A violated constraint or a statement that SQLite doesn't understand is a bug.</summary>
    private static ProblemAnswer? Trouble(SqliteException e)
        => e.IsOfTheStatement()
            ? null
            : ProblemAnswer.Of(
                StatusCodes.Status503ServiceUnavailable, $"The store can't be used: {StoreErrors.Explain(e.SqliteErrorCode)} Nothing was changed or sent; try again later.");

    /// <summary>Lets the examples of the document name the newest resource of a kind.</summary>
    public static IServiceCollection AddLiveId(this IServiceCollection services, string placeholder, string? pathPrefix, Func<StoreContext, string?> newest)
        => services.AddSingleton(new LiveId(placeholder, pathPrefix, placeholder.Trim('{', '}') + "1", s => newest(s.GetRequiredService<StoreContext>())));
}
