using IterableAudience.Iterable;
using IterableAudience.Store;
using IterableAudience.Syncs;
using IterableAudience.Syncs.Nodes;
using IterableAudience.Tests.Faults;
using IterableAudience.Tests.Stores;
using IterableAudience.Tests.Syncs;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;
using Xunit;

namespace IterableAudience.Tests.Store;

/// <summary>A node and its PostgreSQL server: connections, lease, and what it takes over.</summary>
public sealed class PostgresNodeTests : IAsyncDisposable
{
    private readonly SyncHost _sync = new(StoreKind.PostgreSql);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [PostgresFact]
    public async Task A_node_whose_connections_are_all_taken_still_renews_its_lease()
    {
        _sync.Host.Settings["ConnectionStrings:Store"] += ";Maximum Pool Size=4";
        await _sync.InitializeAsync();
        var source = _sync.Host.Provider.GetRequiredService<NpgsqlDataSource>();
        await _sync.AudienceAsync();
        var taken = new List<NpgsqlConnection>();
        for (var i = 0; i < 4; i++)
            taken.Add(await source.OpenConnectionAsync(Cancel));

        await using var other = new NpgsqlConnection(_sync.Host.Store.ConnectionString + ";Pooling=false");
        await other.OpenAsync(Cancel);
        var before = Lease();
        await Until.Is("the lease is renewed, and again", () => Lease() > before + 2_000);
        taken.ForEach(c => c.Dispose());

        long Lease() => other.Count("""SELECT "Until" FROM node""");
    }

    [PostgresFact]
    public async Task Options_of_the_operator_are_kept_beside_those_of_the_service()
    {
        _sync.Host.Settings["ConnectionStrings:Store"] += ";Options=-c lock_timeout=12345";
        await _sync.InitializeAsync();
        await using var connection = await _sync.Host.Provider.GetRequiredService<NpgsqlDataSource>().OpenConnectionAsync(Cancel);
        Assert.Equal(
            ("12345ms", "force_custom_plan", "15s"),
            (Show("lock_timeout"), Show("plan_cache_mode"), Show("idle_in_transaction_session_timeout")));

        string Show(string setting) => connection.Rows($"SHOW {setting}", r => r.GetString(0))[0];
    }

    [PostgresFact]
    public async Task A_sync_whose_staging_ends_while_it_is_taken_over_is_run_and_not_ended()
    {
        await LeaveASyncBehindAsync();

        // Another node looks for syncs that belong to nobody; between its look and its hold the old owner's last commit gets through.
        await using var source = NpgsqlDataSource.Create(_sync.Host.Store.ConnectionString);
        var watch = new WatchedStore.Watch();
        using var lifetime = new Life();
        using var lastCall = new LastCall(TimeProvider.System, lifetime.Of.ApplicationStopping);
        using var node = new SharedNode(
            new WatchedStore(new PostgresStore(source), watch), new SyncMonitor(lifetime.Of, TimeProvider.System), lastCall, Options.Create(new IterableOptions()), TimeProvider.System,
            NullLogger<SharedNode>.Instance);
        watch.Around = async (_, _, write) =>
        {
            await using var owner = await source.OpenConnectionAsync(Cancel);
            owner.Run("""UPDATE sync SET "Phase" = @p""", ("@p", (int)SyncPhase.Queued));
            await write();
        };
        Assert.Equal(SyncPhase.Queued, Assert.Single(await node.TakeOverAsync(Cancel)).Phase);
    }

    [PostgresFact]
    public async Task An_owner_that_stands_still_in_the_middle_of_a_COPY_does_not_keep_its_sync()
    {
        await LeaveASyncBehindAsync();
        await using var source = NpgsqlDataSource.Create(_sync.Host.Store.ConnectionString);
        await using var frozen = await source.OpenConnectionAsync(Cancel);
        await using var transaction = await frozen.BeginTransactionAsync(Cancel);
        var sync = frozen.Count("""SELECT "No" FROM sync WHERE "Active" """);
        frozen.Rows($"SELECT CAST(pg_advisory_xact_lock({PostgresStore.ClaimLock}, CAST(@s AS INTEGER)) AS TEXT)", _ => 0, ("@s", sync));
        var rows = await frozen.BeginTextImportAsync("COPY chunk (sync, part, seq, records, blob) FROM STDIN", Cancel); // for its rows the server waits without a limit

        using var lifetime = new Life();
        using var lastCall = new LastCall(TimeProvider.System, lifetime.Of.ApplicationStopping);
        using var node = new SharedNode(
            new PostgresStore(source), new SyncMonitor(lifetime.Of, TimeProvider.System), lastCall, Options.Create(new IterableOptions()), TimeProvider.System, NullLogger<SharedNode>.Instance);
        Assert.Empty(await node.TakeOverAsync(Cancel)); // it may be about to commit
        var taken = await Until.AsyncIs("the sync is taken", () => node.TakeOverAsync(Cancel), t => t.Count > 0);
        Assert.Equal(sync, Assert.Single(taken).No);
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await rows.DisposeAsync();
            await transaction.CommitAsync(Cancel);
        });
    }

    public ValueTask DisposeAsync() => _sync.DisposeAsync();

    /// <summary>A sync that nobody works on, and no process beside the test.</summary>
    private async Task LeaveASyncBehindAsync()
    {
        await _sync.InitializeAsync();
        var audience = await _sync.AudienceAsync();
        await using (var db = _sync.Host.Provider.GetRequiredService<Func<StoreContext>>()())
        {
            var connection = await db.Connections.SingleAsync(c => c.Id == audience.Connection, Cancel);
            await _sync.Host.Provider.GetRequiredService<Push>().ClaimAsync(connection, new(false, false, false, null, TimeSpan.Zero), null, Cancel);
        }

        await _sync.Host.StopAsync();
    }

    private sealed class Life : IDisposable
    {
        public ApplicationLifetime Of { get; } = new(NullLogger<ApplicationLifetime>.Instance);

        public void Dispose() => Of.StopApplication();
    }
}
