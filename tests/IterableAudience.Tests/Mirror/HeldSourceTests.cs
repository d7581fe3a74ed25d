using System.Net;
using IterableAudience.Store;
using IterableAudience.Syncs.Mirror;
using IterableAudience.Syncs.Retention;
using IterableAudience.Tests.Retention;
using IterableAudience.Tests.Stores;
using IterableAudience.Tests.Syncs;
using IterableAudience.Tests.Warehouses;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace IterableAudience.Tests.Mirror;

/// <summary>A source that is held again and again, as a schedule does it: one plan waits, not one for each round.</summary>
public sealed class HeldSourceTests : IAsyncDisposable
{
    private MirrorHost _mirror = null!;

    [Theory]
    [StoreData(Way.Snapshot)]
    [StoreData(Way.Ledger)]
    public async Task Of_held_syncs_the_newest_can_be_approved_and_the_others_leave_nothing(StoreKind store, Way way)
    {
        await StartAsync(store, way);
        List<SyncResult> held = [await HeldAsync(), await HeldAsync(), await HeldAsync()];
        await PurgeAsync();
        Assert.Equal(held.Select(h => h == held[2]), held.Select(h => Count("chunk", h.Id) > 0));
        Assert.Equal((1, way == Way.Ledger ? 1 : 0), (held.Count(h => Count("source_run", h.Id, "\"SyncNo\"") > 0), held.Count(h => Count("baseline_part", h.Id) > 0)));

        // Those that were overtaken say so; the report stays, and they can be dropped for good.
        Assert.Equal("held", (await _mirror.Audience.GetAsync(held[0].Id)).Outcome);
        (await _mirror.Audience.ApproveAsync(held[0])).ShouldBeProblem(HttpStatusCode.Conflict, "have been removed");
        (await _mirror.Host.GetAsync($"{_mirror.Audience.Url}/syncs/{held[1].Id}/records")).ShouldBeProblem(HttpStatusCode.Conflict, "have been removed");
        Assert.Equal("discarded", Audience.Finished(await _mirror.Audience.DiscardAsync(held[1].Id)).Outcome);
        Assert.Equal("a@example.com/u1 b@example.com/u2 c@example.com/u3", _mirror.Members);

        var approved = await _mirror.Audience.ApprovedAsync(held[2]);
        Assert.Equal(("completed", "unsubscribed 3"), (approved.Outcome, approved.Outcomes));
        Assert.Equal("", _mirror.Members);
        _mirror.Table("1 a@example.com u1");
        Assert.Equal("total 1, insert 1", (await _mirror.SyncAsync()).ReceivedCounts);
    }

    /// <summary>What somebody has approved is shown by the sync that ran it, however that one ended.</summary>
    [Theory]
    [StoreData]
    public async Task A_plan_that_was_approved_is_kept(StoreKind store)
    {
        await StartAsync(store, Way.Ledger);
        var held = await HeldAsync();
        var approved = await _mirror.Audience.ApprovedAsync(held);
        _mirror.Table("1 a@example.com u1");
        await _mirror.SyncAsync();
        var next = await HeldAsync();
        await PurgeAsync();
        Assert.Equal("1 unsubscribed, 2 unsubscribed, 3 unsubscribed", OutcomeTests.Sorted(await _mirror.Audience.RecordsAsync(approved.Id)));
        Assert.Equal("unsubscribed 1", (await _mirror.Audience.ApprovedAsync(next)).Outcomes);
    }

    /// <summary>A dry run is somebody's own: only who asked for it knows what it was for. So is what was pushed.</summary>
    [Theory]
    [StoreData]
    public async Task A_dry_run_is_not_overtaken(StoreKind store)
    {
        await StartAsync(store, Way.Ledger);
        _mirror.Table("1 a@example.com u1", "2 b@example.com u2", "3 c@example.com u3", "4 d@example.com u4");
        var plan = await _mirror.PlanAsync();
        await HeldAsync();
        await PurgeAsync();
        Assert.Equal("subscribed 1", (await _mirror.Audience.ApprovedAsync(plan)).Outcomes);
    }

    [Theory]
    [StoreData(Way.Snapshot)]
    [StoreData(Way.Ledger)]
    public async Task What_a_discarded_sync_has_read_goes_with_it(StoreKind store, Way way)
    {
        await StartAsync(store, way);
        var first = await HeldAsync();
        Assert.Equal((1, way == Way.Ledger), (Count("source_run", first.Id, "\"SyncNo\""), Count("baseline_part", first.Id) > 0));
        (await _mirror.Audience.DiscardAsync(first.Id)).ShouldBe(HttpStatusCode.OK);
        Assert.Equal((0, 0), (Count("source_run", first.Id, "\"SyncNo\""), Count("baseline_part", first.Id)));

        // The baseline is what it was: the next sync finds the same.
        var second = await HeldAsync();
        Assert.Equal(first.ReceivedCounts, second.ReceivedCounts);
        await _mirror.Host.Provider.GetRequiredService<WarehouseLog>().CatchUpAsync(TestContext.Current.CancellationToken);
        if (way == Way.Snapshot)
            Assert.DoesNotContain($"snapshot_{_mirror.Audience.Connection}_{first.Id}", _mirror.Warehouse.Rows("SELECT table_name FROM information_schema.tables"));
        Assert.Equal("unsubscribed 3", (await _mirror.Audience.ApprovedAsync(second)).Outcomes);
    }

    public async ValueTask DisposeAsync() => await _mirror.DisposeAsync();

    private async Task StartAsync(StoreKind store, Way way)
    {
        _mirror = await MirrorHost.StartAsync(WarehouseKind.DuckDb, way, store, settings: ""","snapshotsToRetain":1""");
        _mirror.Table("1 a@example.com u1", "2 b@example.com u2", "3 c@example.com u3");
        Assert.Equal("completed", (await _mirror.SyncAsync()).Outcome);
    }

    private async Task<SyncResult> HeldAsync()
    {
        _mirror.Table();
        var sync = await _mirror.SyncAsync();
        Assert.Equal("held", sync.Outcome);
        return sync;
    }

    private Task<PurgeCounts> PurgeAsync() => _mirror.Host.Provider.GetRequiredService<Purge>().RunAsync(TestContext.Current.CancellationToken);

    private long Count(string table, string sync, string column = "sync")
        => _mirror.Host.Provider.GetRequiredService<LeanStore>().Read(
            c => c.Count($"SELECT count(*) FROM {table} WHERE {column} = (SELECT \"No\" FROM sync WHERE \"Id\" = @s)", ("@s", sync)));
}
