using System.Net;
using IterableAudience.Store;
using IterableAudience.Syncs.Mirror;
using IterableAudience.Tests.Faults;
using IterableAudience.Tests.Stores;
using IterableAudience.Tests.Syncs;
using IterableAudience.Tests.Warehouses;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace IterableAudience.Tests.Mirror;

/// <summary>What has had its day in the warehouse goes, whatever else is in the way there; and nothing of it keeps a sync from its end.</summary>
public sealed class WarehousePruneTests : IAsyncDisposable
{
    private const string KeepOne = ""","logRetentionInDays":1,"snapshotsToRetain":1""";
    private readonly ShiftedTime _clock = new();
    private MirrorHost _mirror = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [WarehouseData]
    public async Task A_snapshot_that_cannot_be_dropped_keeps_no_other_and_no_log(WarehouseKind kind)
    {
        await StartAsync(kind);
        var first = await SyncAsync(1);
        // Oldest of all by its name, and no table: what the service drops are tables.
        _mirror.Warehouse.Run($"CREATE VIEW _rudderstack.\"snapshot_{_mirror.Audience.Connection}_view\" AS SELECT 1 AS one");
        List<SyncResult> later = [await SyncAsync(2), await SyncAsync(3), await SyncAsync(4)];
        Assert.All(later, s => Assert.Equal("completed", s.Outcome));
        Assert.DoesNotContain(_mirror.Host.Logs.Warnings, l => l.Contains("written later", StringComparison.Ordinal));
        Assert.Contains(_mirror.Host.Logs.Warnings, l => l.Contains("could not be looked after", StringComparison.Ordinal) && l.Contains("_view: ", StringComparison.Ordinal));
        Assert.DoesNotContain(first.Id, Snapshots());
        Assert.Equal(4, Runs().Count);

        await CatchUpAsync();
        Assert.Equal(new[] { later[2].Id, "view" }.Order(StringComparer.Ordinal), Snapshots().Order(StringComparer.Ordinal));
    }

    /// <summary>The log can't be written; the snapshots go all the same, and the logs of other connections are written.</summary>
    [Theory]
    [WarehouseData]
    public async Task A_log_that_cannot_be_written_keeps_no_snapshot_and_no_other_connection(WarehouseKind kind)
    {
        await StartAsync(kind);
        _mirror.Warehouse.Run("CREATE SCHEMA _rudderstack; CREATE VIEW _rudderstack.sync_log AS SELECT 1 AS one");
        for (var i = 1; i < 5; i++)
            Assert.Equal("completed", (await SyncAsync(i)).Outcome);
        Assert.Equal(2, Snapshots().Count); // the baseline of the last sync was still one when it ended
        await CatchUpAsync();
        Assert.Single(Snapshots());
        Assert.Equal(4, await CountDueAsync());

        _mirror.Warehouse.Run("DROP VIEW _rudderstack.sync_log");
        await CatchUpAsync();
        Assert.Equal(4, Runs().Count);
        Assert.Equal(0, await CountDueAsync());
    }

    /// <summary>One sync's log, and one connection's, that can't be read from the store is nobody else's trouble.</summary>
    [Theory]
    [WarehouseData]
    public async Task A_log_that_meets_a_bug_is_late_and_the_next_one_is_written(WarehouseKind kind)
    {
        await StartAsync(kind);
        var (first, second) = (await SyncAsync(1), await SyncAsync(2));
        _mirror.Warehouse.Run("DELETE FROM _rudderstack.sync_log");
        await using (var db = _mirror.Host.Provider.GetRequiredService<Func<StoreContext>>()())
        {
            await db.Syncs.ExecuteUpdateAsync(u => u.SetProperty(s => s.LogDue, true), Cancel);
            await db.Syncs.Where(s => s.Id == first.Id).ExecuteUpdateAsync(u => u.SetProperty(s => s.Partitions, 1), Cancel);
            var no = await db.Syncs.Where(s => s.Id == first.Id).Select(s => s.No).SingleAsync(Cancel);
            await _mirror.Host.Provider.GetRequiredService<LeanStore>().WriteAsync(w => { w.Run("UPDATE chunk SET blob = @b WHERE sync = @s", ("@b", new byte[] { 250, 1, 2, 3 }), ("@s", no)); }, durable: false, Cancel);
        }

        await CatchUpAsync();
        Assert.Equal([second.Id], Runs());
        Assert.Equal(1, await CountDueAsync());
        Assert.Contains(_mirror.Host.Logs.Warnings, l => l.Contains(first.Id, StringComparison.Ordinal) && l.Contains("written later", StringComparison.Ordinal));
    }

    /// <summary>An account that has vanished from the store while the sync was sending is nothing that the log reckons with.</summary>
    [Theory]
    [WarehouseData]
    public async Task A_sync_whose_log_meets_a_bug_ends_as_it_was_going_to(WarehouseKind kind)
    {
        await StartAsync(kind);
        await SyncAsync(1);
        _mirror.Sync.Gate.Close();
        _mirror.Table("1 ada@example.com u1", "2 grace@example.org u2");
        var sync = await _mirror.StartAsync();
        await _mirror.Sync.Gate.ArrivedAsync(Cancel);
        await using (var db = _mirror.Host.Provider.GetRequiredService<Func<StoreContext>>()())
            await db.Accounts.Where(a => a.Id == _mirror.Account).ExecuteUpdateAsync(u => u.SetProperty(a => a.Id, "elsewhere"), Cancel);
        _mirror.Sync.Gate.Open();
        var ended = await _mirror.Audience.EndOfAsync(sync);
        Assert.Equal(("completed", "subscribed 1, unsubscribed 1"), (ended.Outcome, ended.Outcomes));
        Assert.Equal(1, await CountDueAsync());
        await using (var db = _mirror.Host.Provider.GetRequiredService<Func<StoreContext>>()())
            await db.Accounts.Where(a => a.Id == "elsewhere").ExecuteUpdateAsync(u => u.SetProperty(a => a.Id, _mirror.Account), Cancel);
        await CatchUpAsync();
        Assert.Equal((0, 2), (await CountDueAsync(), Runs().Count));
    }

    [Theory]
    [WarehouseData]
    public async Task What_a_connection_has_left_goes_when_its_logs_are_switched_off(WarehouseKind kind)
    {
        await StartAsync(kind, ""","logRetentionInDays":3,"snapshotsToRetain":5""");
        for (var i = 1; i < 4; i++)
            await SyncAsync(i);
        Assert.Equal(3, Snapshots().Count);
        (await _mirror.Host.PutAsync(_mirror.Audience.Url, """{"syncSettings":{"syncLogsConfig":{"enabled":false,"logRetentionInDays":3}}}""")).ShouldBe(HttpStatusCode.OK);
        await CatchUpAsync();
        Assert.Single(Snapshots()); // the baseline: they may be switched on again
        Assert.Equal(3, Runs().Count);

        await SyncAsync(5);
        await CatchUpAsync();
        Assert.Empty(Snapshots());
        Assert.Equal(3, Runs().Count);
        _clock.Ahead += TimeSpan.FromDays(4);
        await CatchUpAsync();
        Assert.Empty(Runs());
    }

    /// <summary>The round that the service makes at its start, and each hour: no sync is needed for it.</summary>
    [Theory]
    [WarehouseData]
    public async Task What_has_had_its_day_goes_without_a_sync(WarehouseKind kind)
    {
        await StartAsync(kind, ""","logRetentionInDays":3,"snapshotsToRetain":5""");
        var sync = await SyncAsync(1);
        Assert.Equal([sync.Id], Runs());
        await _mirror.Host.StopAsync();
        _clock.Ahead += TimeSpan.FromDays(5);
        await using var again = new TestHost().On(_mirror.Host);
        foreach (var (name, value) in _mirror.Host.Settings.Where(s => s.Key.StartsWith("Sources:", StringComparison.Ordinal)))
            again.Settings[name] = value;
        again.Services = s => s.AddSingleton<TimeProvider>(_clock);
        await again.GetAsync("/health/ready");
        await Until.AsyncIs("runs", () => Task.FromResult(RunsOrNone().Count), n => n == 0);
        Assert.Equal([sync.Id], Snapshots()); // the baseline
    }

    [Theory]
    [WarehouseData]
    public async Task What_a_deleted_connection_has_left_goes(WarehouseKind kind)
    {
        await StartAsync(kind);
        var other = await _mirror.SiblingAsync("people", Way.Snapshot);
        await MirrorHost.SyncAsync(other);
        await SyncAsync(1);
        (await _mirror.Host.DeleteAsync(_mirror.Audience.Url)).ShouldBe(HttpStatusCode.NoContent);
        await CatchUpAsync();
        Assert.Empty(Snapshots());
        Assert.Single(Runs());
        Assert.Single(_mirror.Warehouse.Rows($"SELECT table_name FROM information_schema.tables WHERE table_name LIKE 'snapshot_{other.Connection}_%'"));
        _clock.Ahead += TimeSpan.FromDays(2);
        await CatchUpAsync();
        Assert.Empty(Runs());

        // Nobody is told of a warehouse that has gone with it.
        (await _mirror.Host.DeleteAsync(other.Url)).ShouldBe(HttpStatusCode.NoContent);
        (await _mirror.Host.DeleteAsync($"/v2/retl-sources/{_mirror.Source}")).ShouldBe(HttpStatusCode.NoContent);
        await CatchUpAsync();
        Assert.DoesNotContain(_mirror.Host.Logs.Warnings, l => l.Contains("looked after", StringComparison.Ordinal));
    }

    /// <summary>Somebody has looked at an old snapshot and has not ended the transaction.</summary>
    [PostgresFact]
    public async Task A_snapshot_that_somebody_has_open_holds_up_nothing()
    {
        await StartAsync(WarehouseKind.Postgres);
        var first = await SyncAsync(1);
        var second = await SyncAsync(2);
        await using var other = await _mirror.Warehouse.ConnectAsync();
        await using var transaction = await other.BeginTransactionAsync(Cancel);
        await using (var look = new NpgsqlCommand($"""LOCK TABLE _rudderstack."snapshot_{_mirror.Audience.Connection}_{first.Id}" IN ACCESS SHARE MODE""", other))
            await look.ExecuteNonQueryAsync(Cancel);

        var third = await SyncAsync(3);
        Assert.Equal("completed", third.Outcome);
        Assert.InRange((DateTimeOffset)third.Json["finishedAt"]! - (DateTimeOffset)third.Json["startedAt"]!, TimeSpan.Zero, TimeSpan.FromSeconds(20));
        await SyncAsync(4);
        Assert.Equal(4, Runs().Count);
        Assert.Contains(first.Id, Snapshots());
        Assert.DoesNotContain(second.Id, Snapshots());
        Assert.Contains(_mirror.Host.Logs.Warnings, l => l.Contains("Somebody else's transaction", StringComparison.Ordinal));

        await transaction.RollbackAsync(Cancel);
        await CatchUpAsync();
        Assert.Single(Snapshots());
    }

    public async ValueTask DisposeAsync() => await _mirror.DisposeAsync();

    private async Task StartAsync(WarehouseKind kind, string settings = KeepOne)
        => _mirror = await MirrorHost.StartAsync(kind, Way.Snapshot, settings: settings, before: s => s.Clock = _clock);

    private Task<SyncResult> SyncAsync(int person)
    {
        _mirror.Table($"1 ada@example.com u1", $"x{person} p{person}@example.org x{person}");
        return _mirror.SyncAsync();
    }

    private Task CatchUpAsync() => _mirror.Host.Provider.GetRequiredService<WarehouseLog>().CatchUpAsync(Cancel);

    private async Task<int> CountDueAsync()
    {
        await using var db = _mirror.Host.Provider.GetRequiredService<Func<StoreContext>>()();
        return await db.Syncs.CountAsync(s => s.LogDue, Cancel);
    }

    /// <summary>The ids of the connection's syncs that are in the log.</summary>
    private List<string> Runs() => _mirror.Warehouse.Rows($"SELECT DISTINCT sync_run_id FROM _rudderstack.sync_log WHERE connection_id = '{_mirror.Audience.Connection}'");

    /// <summary>The same while the service may have the file to itself for a moment.</summary>
    private List<string> RunsOrNone()
    {
        try
        {
            return Runs();
        }
        catch (DuckDB.NET.Data.DuckDBException)
        {
            return ["?"];
        }
    }

    private List<string> Snapshots()
        => _mirror.Warehouse.Rows($"SELECT table_name FROM information_schema.tables WHERE table_schema = '_rudderstack' AND table_name LIKE 'snapshot_{_mirror.Audience.Connection}_%'")
            .ConvertAll(n => n.Split('_')[2]);
}
