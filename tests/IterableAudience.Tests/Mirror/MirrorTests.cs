using System.Net;
using IterableAudience.Simulator.Api;
using IterableAudience.Simulator.Faults;
using IterableAudience.Tests.Stores;
using IterableAudience.Tests.Syncs;
using IterableAudience.Tests.Warehouses;
using Xunit;

namespace IterableAudience.Tests.Mirror;

/// <summary>A list follows a table, whichever warehouse the table is in and however its changes are found.</summary>
public sealed class MirrorTests : IAsyncDisposable
{
    private MirrorHost _mirror = null!;

    [Theory]
    [MirrorData]
    public async Task The_first_sync_sends_everybody_and_later_ones_what_changed(WarehouseKind kind, Way way)
    {
        _mirror = await MirrorHost.StartAsync(kind, way);
        _mirror.Table("1 Ada@example.com u1", "2 grace@example.org u2", "3 edsger@example.net u3");
        var first = await _mirror.SyncAsync();
        Assert.Equal("", first.Error);
        Assert.Equal(("completed", "full", "manual"), (first.Outcome, (string)first.Json["syncType"]!, (string)first.Json["trigger"]!));
        Assert.Equal("total 3, insert 3", first.ReceivedCounts);
        Assert.Equal("ada@example.com/u1 edsger@example.net/u3 grace@example.org/u2", _mirror.Members);

        _mirror.Table("1 ada@example.com u1", "2 hopper@example.org u20", "4 barbara@example.com u4");
        var second = await _mirror.SyncAsync();
        Assert.Equal(("completed", "incremental"), (second.Outcome, (string)second.Json["syncType"]!));
        // Row 1 is written otherwise and the same person: an update all the same.
        Assert.Equal("total 4, insert 1, update 2, delete 1", second.ReceivedCounts);
        Assert.Equal("ada@example.com/u1 barbara@example.com/u4 hopper@example.org/u20", _mirror.Members);

        var requests = _mirror.Requests;
        var third = await _mirror.SyncAsync();
        Assert.Equal(("completed", "", requests), (third.Outcome, third.ReceivedCounts, _mirror.Requests));
        Assert.Empty(_mirror.Host.Logs.Warnings);
    }

    [Theory]
    [MirrorData]
    public async Task An_emptied_table_is_held_and_its_plan_can_be_approved_or_dropped(WarehouseKind kind, Way way)
    {
        _mirror = await MirrorHost.StartAsync(kind, way, settings: ""","guard":{"enabled":false}""");
        _mirror.Table("1 ada@example.com u1", "2 grace@example.org u2");
        await _mirror.SyncAsync();
        _mirror.Table();

        var held = await _mirror.SyncAsync();
        Assert.Equal(("held", "failed"), (held.Outcome, held.Status));
        Assert.Contains("empty", held.Error, StringComparison.Ordinal);
        Assert.Equal("ada@example.com/u1 grace@example.org/u2", _mirror.Members);
        Assert.Equal(["ada@example.com u1", "grace@example.org u2"], await LeaversAsync(held.Id, "operator"));
        Assert.Equal(["a…@example.com …", "g…@example.org …"], await LeaversAsync(held.Id, "viewer"));
        (await _mirror.Audience.DiscardAsync(held.Id)).ShouldBe(HttpStatusCode.OK);

        // Dropped, so the next sync finds it again.
        var again = await _mirror.SyncAsync();
        Assert.Equal("held", again.Outcome);
        (await _mirror.Audience.ApproveAsync(again, "another")).ShouldBeProblem(HttpStatusCode.Conflict, "hash");
        var approved = await _mirror.Audience.ApprovedAsync(again);
        Assert.Equal(("completed", "unsubscribed 2"), (approved.Outcome, approved.Outcomes));
        Assert.Equal("", _mirror.Members);

        // What was approved is the baseline now.
        _mirror.Table("1 ada@example.com u1");
        Assert.Equal("total 1, insert 1", (await _mirror.SyncAsync()).ReceivedCounts);
        Assert.Equal("ada@example.com/u1", _mirror.Members);
    }

    [Theory]
    [MirrorData]
    public async Task An_empty_full_sync_is_held_too(WarehouseKind kind, Way way)
    {
        _mirror = await MirrorHost.StartAsync(kind, way);
        Assert.Equal("completed", (await _mirror.SyncAsync()).Outcome);
        _mirror.Table("1 ada@example.com u1");
        await _mirror.SyncAsync();
        _mirror.Table();
        Assert.Equal("held", (await _mirror.SyncAsync("full")).Outcome);
        Assert.Equal("ada@example.com/u1", _mirror.Members);
    }

    [Theory]
    [MirrorData]
    public async Task A_dry_run_sends_nothing_and_can_be_sent_as_it_stands(WarehouseKind kind, Way way)
    {
        _mirror = await MirrorHost.StartAsync(kind, way);
        _mirror.Table("1 ada@example.com u1");
        await _mirror.SyncAsync();
        var requests = _mirror.Requests;
        _mirror.Table("2 grace@example.org u2");
        var plan = await _mirror.PlanAsync();
        Assert.Equal(("planned", "planned 2", requests), (plan.Outcome, plan.Outcomes, _mirror.Requests));

        // What comes afterwards is for the next sync.
        _mirror.Table("3 edsger@example.net u3");
        var sent = await _mirror.Audience.ApprovedAsync(plan);
        Assert.Equal(("completed", "subscribed 1, unsubscribed 1"), (sent.Outcome, sent.Outcomes));
        Assert.Equal("grace@example.org/u2", _mirror.Members);
        Assert.Equal("total 2, insert 1, delete 1", (await _mirror.SyncAsync()).ReceivedCounts);
        Assert.Equal("edsger@example.net/u3", _mirror.Members);
    }

    [Theory]
    [MirrorData]
    public async Task A_plan_of_other_rows_is_not_run(WarehouseKind kind, Way way)
    {
        _mirror = await MirrorHost.StartAsync(kind, way);
        _mirror.Table("1 ada@example.com u1");
        var plan = await _mirror.PlanAsync();
        _mirror.Warehouse.Run("""CREATE TABLE others ("PK" varchar(100), "EMAIL" varchar(200), "ID" varchar(100))""");
        (await _mirror.Host.PutAsync($"/v2/retl-sources/{_mirror.Source}", $$$"""{"config":{"primaryKey":"PK","schema":"{{{_mirror.Warehouse.Schema}}}","table":"others"}}""")).ShouldBe(HttpStatusCode.OK);
        (await _mirror.Audience.ApproveAsync(plan)).ShouldBeProblem(HttpStatusCode.Conflict, "changed since");
        Assert.Equal("", _mirror.Members);
    }

    [Theory]
    [MirrorData]
    public async Task A_full_sync_sends_everybody_and_removes_whom_the_service_put_there_and_nobody_else(WarehouseKind kind, Way way)
    {
        _mirror = await MirrorHost.StartAsync(kind, way);
        _mirror.Audience.Project.AddUser("stranger@example.com", null, listIds: _mirror.Audience.List);
        _mirror.Table("1 ada@example.com u1", "2 grace@example.org u2");
        await _mirror.SyncAsync();
        _mirror.Table("1 ada@example.com u1", "3 edsger@example.net u3");
        var full = await _mirror.SyncAsync("full");
        Assert.Equal(("completed", "total 3, insert 2, absent 1"), (full.Outcome, full.ReceivedCounts));
        Assert.Equal("subscribed 2, unsubscribed 1", full.Outcomes);
        Assert.Equal("ada@example.com/u1 edsger@example.net/u3 stranger@example.com/", _mirror.Members);
        Assert.Equal("", (await _mirror.SyncAsync()).ReceivedCounts);
    }

    [Theory]
    [MirrorData]
    public async Task A_changed_mapping_makes_the_next_sync_full(WarehouseKind kind, Way way)
    {
        _mirror = await MirrorHost.StartAsync(kind, way);
        _mirror.Warehouse.Run("""ALTER TABLE people ADD COLUMN "WORK" varchar(200)""");
        _mirror.Table("1 ada@example.com u1 work@example.com");
        await _mirror.SyncAsync();
        (await _mirror.Host.PutAsync(_mirror.Audience.Url, """{"identifiers":[{"from":"WORK","to":"email"},{"from":"ID","to":"userId"}]}""")).ShouldBe(HttpStatusCode.OK);
        Assert.Equal("full", (string)(await _mirror.SyncAsync()).Json["syncType"]!);
        Assert.Equal("work@example.com/u1", _mirror.Members);
        Assert.Equal("incremental", (string)(await _mirror.SyncAsync()).Json["syncType"]!);
    }

    [Theory]
    [MirrorData]
    public async Task A_changed_source_makes_the_next_sync_full(WarehouseKind kind, Way way)
    {
        _mirror = await MirrorHost.StartAsync(kind, way);
        _mirror.Table("1 ada@example.com u1", "2 grace@example.org u2");
        await _mirror.SyncAsync();
        (await _mirror.Host.PutAsync($"/v2/retl-sources/{_mirror.Source}", $$$"""{"name":"Renamed","config":{"primaryKey":"PK","schema":"{{{_mirror.Warehouse.Schema}}}","table":"people","description":"The same"}}""")).ShouldBe(HttpStatusCode.OK);
        Assert.Equal("incremental", (string)(await _mirror.SyncAsync()).Json["syncType"]!);
        (await _mirror.Host.PutAsync($"/v2/retl-sources/{_mirror.Source}", $$$"""{"config":{"primaryKey":"ID","schema":"{{{_mirror.Warehouse.Schema}}}","table":"people"}}""")).ShouldBe(HttpStatusCode.OK);
        Assert.Equal("full", (string)(await _mirror.SyncAsync()).Json["syncType"]!);
        Assert.Equal("ada@example.com/u1 grace@example.org/u2", _mirror.Members);
        _mirror.Table("1 ada@example.com u1");
        await _mirror.SyncAsync();
        Assert.Equal("ada@example.com/u1", _mirror.Members);
    }

    [Theory]
    [MirrorData]
    public async Task A_sync_that_is_cut_short_loses_no_change(WarehouseKind kind, Way way)
    {
        _mirror = await MirrorHost.StartAsync(kind, way);
        _mirror.Table("1 ada@example.com u1", "2 grace@example.org u2");
        await _mirror.SyncAsync();

        // The leaver is taken off, then the key is refused: nobody knows afterwards what of it took effect.
        _mirror.Audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 401, Times = 0, On = new() { Kind = CallKind.Subscribe } });
        _mirror.Table("2 hopper@example.org u20", "3 edsger@example.net u3");
        Assert.Equal("aborted", (await _mirror.SyncAsync()).Outcome);
        Assert.Equal("grace@example.org/u2", _mirror.Members);

        // Everything is as it was before that sync. The one who left must come back, and nobody else.
        _mirror.Sync.World.Faults.Clear();
        _mirror.Table("1 ada@example.com u1", "2 grace@example.org u2");
        Assert.Equal("completed", (await _mirror.SyncAsync()).Outcome);
        Assert.Equal("ada@example.com/u1 grace@example.org/u2", _mirror.Members);
        Assert.Equal("", (await _mirror.SyncAsync()).ReceivedCounts);
    }

    [Theory]
    [MirrorData]
    public async Task A_full_sync_that_is_cut_short_is_followed_by_a_full_one(WarehouseKind kind, Way way)
    {
        _mirror = await MirrorHost.StartAsync(kind, way);
        _mirror.Table("1 ada@example.com u1");
        await _mirror.SyncAsync();
        _mirror.Audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 401, Times = 0 });
        Assert.Equal("aborted", (await _mirror.SyncAsync("full")).Outcome);
        _mirror.Sync.World.Faults.Clear();
        Assert.Equal("full", (string)(await _mirror.SyncAsync()).Json["syncType"]!);
        Assert.Equal("incremental", (string)(await _mirror.SyncAsync()).Json["syncType"]!);
    }

    [Theory]
    [MirrorData]
    public async Task What_failed_is_tried_again_with_the_row_as_it_is_now(WarehouseKind kind, Way way)
    {
        _mirror = await MirrorHost.StartAsync(kind, way);
        _mirror.Audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 500, Times = 0, On = new() { Kind = CallKind.Subscribe } });
        _mirror.Table("1 ada@example.com u1", "2 grace@example.org u2", "3 edsger@example.net u3");
        Assert.Equal("completed_with_failures", (await _mirror.SyncAsync()).Outcome);
        _mirror.Sync.World.Faults.Clear();

        // Row 1 is as it was, row 2 is somebody else by now, row 3 is held back.
        _mirror.Table("1 ada@example.com u1", "2 barbara@example.com u4", "3 edsger@example.net u3", "3 edsger@example.net u3");
        var sync = await _mirror.SyncAsync();
        Assert.Equal("ada@example.com/u1 barbara@example.com/u4", _mirror.Members);
        Assert.Equal("total 4, update 1, unreadable 2, retried 1", sync.ReceivedCounts);

        // What was kept of row 3 is gone since its row was bad; now that it is good again, it counts as changed.
        _mirror.Table("1 ada@example.com u1", "2 barbara@example.com u4", "3 edsger@example.net u3");
        await _mirror.SyncAsync();
        Assert.Equal("ada@example.com/u1 barbara@example.com/u4 edsger@example.net/u3", _mirror.Members);
        Assert.Equal("", (await _mirror.SyncAsync()).ReceivedCounts);
    }

    [Theory]
    [MirrorData]
    public async Task Pushed_records_make_the_next_sync_of_the_source_full(WarehouseKind kind, Way way)
    {
        _mirror = await MirrorHost.StartAsync(kind, way);
        _mirror.Table("1 ada@example.com u1", "2 grace@example.org u2");
        await _mirror.SyncAsync();
        await _mirror.Audience.PushAsync(Row.Delete(1), Row.Insert(9, "pushed@example.com", "u9"));
        Assert.Equal("grace@example.org/u2 pushed@example.com/u9", _mirror.Members);
        Assert.Equal("full", (string)(await _mirror.SyncAsync()).Json["syncType"]!);
        Assert.Equal("ada@example.com/u1 grace@example.org/u2", _mirror.Members);
    }

    [Theory]
    [MirrorData]
    public async Task Two_sources_feed_one_list(WarehouseKind kind, Way way)
    {
        _mirror = await MirrorHost.StartAsync(kind, way);
        _mirror.Warehouse.Run("""CREATE TABLE others ("PK" varchar(100), "EMAIL" varchar(200), "ID" varchar(100))""");
        var other = await _mirror.SiblingAsync("others", way);
        _mirror.Table("1 ada@example.com u1", "2 grace@example.org u2");
        _mirror.Fill("others", "1 ada@example.com u1", "2 edsger@example.net u3");
        var both = await Task.WhenAll(_mirror.StartAsync(), MirrorHost.StartAsync(other));
        Assert.Equal("completed", (await _mirror.Audience.EndOfAsync(both[0])).Outcome);
        Assert.Equal("completed", (await other.EndOfAsync(both[1])).Outcome);
        Assert.Equal("ada@example.com/u1 edsger@example.net/u3 grace@example.org/u2", _mirror.Members);

        // One source drops a person whom the other one holds, and one whom nobody holds.
        _mirror.Table();
        await _mirror.Audience.ApprovedAsync(await _mirror.SyncAsync());
        Assert.Equal("ada@example.com/u1 edsger@example.net/u3", _mirror.Members);
        _mirror.Fill("others", "2 edsger@example.net u3");
        await MirrorHost.SyncAsync(other);
        Assert.Equal("edsger@example.net/u3", _mirror.Members);
    }

    [Theory]
    [WarehouseData]
    public async Task Another_way_of_finding_changes_begins_with_a_full_sync(WarehouseKind kind)
    {
        _mirror = await MirrorHost.StartAsync(kind, Way.Snapshot);
        _mirror.Table("1 ada@example.com u1", "2 grace@example.org u2");
        await _mirror.SyncAsync();
        foreach (var enabled in new[] { "false", "true" })
        {
            _mirror.Table($"1 {enabled}@example.com u1");
            (await _mirror.Host.PutAsync(_mirror.Audience.Url, $$$"""{"syncSettings":{"syncLogsConfig":{"enabled":{{{enabled}}} } } }""")).ShouldBe(HttpStatusCode.OK);
            Assert.Equal("full", (string)(await _mirror.SyncAsync()).Json["syncType"]!);
            Assert.Equal($"{enabled}@example.com/u1", _mirror.Members);
            Assert.Equal(("incremental", ""), ((string)(await _mirror.SyncAsync()).Json["syncType"]!, (await _mirror.SyncAsync()).ReceivedCounts));
        }
    }

    [Theory]
    [StoreData]
    public async Task A_start_answers_at_once_and_a_second_one_is_refused(StoreKind store)
    {
        _mirror = await MirrorHost.StartAsync(WarehouseKind.DuckDb, Way.Ledger, store);
        _mirror.Table("1 ada@example.com u1");
        _mirror.Sync.Gate.Close();
        var sync = await _mirror.StartAsync();
        var refused = (await _mirror.Host.PostAsync($"{_mirror.Audience.Url}/start", "{}")).ShouldBeProblem(HttpStatusCode.Conflict, "already running");
        Assert.Equal(sync, refused.Text("syncId"));
        Assert.NotNull(refused.Headers.RetryAfter);
        _mirror.Sync.Gate.Open();
        Assert.Equal("completed", (await _mirror.Audience.EndOfAsync(sync)).Outcome);

        (await _mirror.Host.PutAsync($"/v2/retl-sources/{_mirror.Source}", """{"enabled":false}""")).ShouldBe(HttpStatusCode.OK);
        (await _mirror.Host.PostAsync($"{_mirror.Audience.Url}/start", "{}")).ShouldBeProblem(HttpStatusCode.Conflict, "source is disabled");
        (await _mirror.Host.PostAsync($"{_mirror.Audience.Url}/start", """{"syncType":"some"}""")).ShouldRefuse("syncType");
        (await _mirror.Host.DeleteAsync($"/v2/retl-sources/{_mirror.Source}")).ShouldBeProblem(HttpStatusCode.Conflict, "in use");
        (await _mirror.Host.DeleteAsync(_mirror.Audience.Url)).ShouldBe(HttpStatusCode.NoContent);
        (await _mirror.Host.DeleteAsync($"/v2/retl-sources/{_mirror.Source}")).ShouldBe(HttpStatusCode.NoContent);
    }

    public async ValueTask DisposeAsync() => await _mirror.DisposeAsync();

    /// <summary>Whom a plan would take off, by its samples.</summary>
    private async Task<List<string>> LeaversAsync(string sync, string role)
        => [.. (await _mirror.Host.GetAsync($"{_mirror.Audience.Url}/syncs/{sync}/plan", role)).At("samples.delete")!.AsArray()
            .Select(r => $"{r!["identifiers"]!["email"]} {r["identifiers"]!["userId"]}").Order(StringComparer.Ordinal)];
}
