using System.Net;
using IterableAudience.Store;
using IterableAudience.Tests.Faults;
using IterableAudience.Tests.Stores;
using IterableAudience.Tests.Syncs;
using IterableAudience.Tests.Warehouses;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace IterableAudience.Tests.Mirror;

/// <summary>Two attempts at one snapshot: a server that finishes a statement when its client is gone, and a node that comes back when another has its sync.</summary>
public sealed class LateAttemptTests : IAsyncDisposable
{
    private MirrorHost _mirror = null!;
    private NpgsqlConnection _other = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>The other transaction is still open when the service drops what is there, and commits while the service makes its own.</summary>
    [PostgresFact]
    public async Task A_table_that_an_earlier_attempt_still_makes_is_replaced()
    {
        var sync = await HeldUpAsync(StoreKind.Sqlite);
        await using (var transaction = await _other.BeginTransactionAsync(Cancel))
        {
            await OtherAsync($"CREATE TABLE {Table(sync)} AS SELECT '7' AS \"PK\"");
            await GoOnAsync();
            await Until.Is("the service waits for the other transaction", () => _mirror.Warehouse.Rows(
                "SELECT pid FROM pg_stat_activity WHERE application_name = 'iterable-audience' AND datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'CREATE TABLE%snapshot%'").Count == 1);
            await transaction.CommitAsync(Cancel);
        }

        var ended = await _mirror.Audience.EndOfAsync(sync);
        Assert.Equal(("completed", ""), (ended.Outcome, ended.Error));
        Assert.Equal(["1 ada@example.com u1 unchanged", "2 grace@example.org u2 insert"], _mirror.Snapshot(sync));
        Assert.Equal("ada@example.com/u1 grace@example.org/u2", _mirror.Members);
    }

    /// <summary>The sync's next epoch is another node's: the table is by now that one's.</summary>
    [PostgresFact]
    public async Task A_node_that_has_lost_its_sync_leaves_the_table_of_its_successor()
    {
        var sync = await HeldUpAsync(StoreKind.PostgreSql);
        await OtherAsync($"CREATE TABLE {Table(sync)} AS SELECT '7' AS \"PK\"");
        await using (var db = _mirror.Host.Provider.GetRequiredService<Func<StoreContext>>()())
            await db.Syncs.Where(s => s.Id == sync).ExecuteUpdateAsync(u => u.SetProperty(s => s.ClaimEpoch, s => s.ClaimEpoch + 1).SetProperty(s => s.ClaimedBy, "another"), Cancel);
        await GoOnAsync();
        await Until.Is("the service has left the sync", () => _mirror.Host.Logs.All.Any(l => l.Contains("another node's by now", StringComparison.Ordinal)));
        Assert.Equal(["7"], _mirror.Warehouse.Rows($"SELECT * FROM {Table(sync)}"));
    }

    public async ValueTask DisposeAsync()
    {
        await _other.DisposeAsync();
        await _mirror.DisposeAsync();
    }

    /// <summary>A second sync, which stands still while it reads the source.</summary>
    private async Task<string> HeldUpAsync(StoreKind store)
    {
        _mirror = await MirrorHost.StartAsync(WarehouseKind.Postgres, Way.Snapshot, store);
        _other = await _mirror.Warehouse.ConnectAsync();
        _mirror.Warehouse.Run("""CREATE VIEW gated AS SELECT "PK", "EMAIL", "ID" FROM people, pg_advisory_xact_lock(7)""");
        (await _mirror.Host.PutAsync($"/v2/retl-sources/{_mirror.Source}", """{"config":{"primaryKey":"PK","schema":"public","table":"gated"}}""")).ShouldBe(HttpStatusCode.OK);
        _mirror.Table("1 ada@example.com u1");
        Assert.Equal("completed", (await _mirror.SyncAsync()).Outcome);
        _mirror.Table("1 ada@example.com u1", "2 grace@example.org u2");
        await OtherAsync("SELECT pg_advisory_lock(7)");
        var sync = await _mirror.StartAsync();
        await Until.Is("the source is read", () => _mirror.Warehouse.Rows(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'iterable-audience' AND datname = current_database() AND wait_event = 'advisory'").Count == 1);
        return sync;
    }

    private Task GoOnAsync() => OtherAsync("SELECT pg_advisory_unlock(7)");

    private string Table(string sync) => $"_rudderstack.\"snapshot_{_mirror.Audience.Connection}_{sync}\"";

    private async Task OtherAsync(string sql)
    {
        await using var command = _other.CreateCommand();
#pragma warning disable CA2100 // the statements are the test's
        command.CommandText = sql;
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(Cancel);
    }
}
