using System.Net;
using IterableAudience.Tests.Stores;
using IterableAudience.Tests.Syncs;
using IterableAudience.Tests.Warehouses;
using Xunit;

namespace IterableAudience.Tests.Mirror;

/// <summary>What can be seen before anything of a source is sent, and what is not sent without being looked at.</summary>
public sealed class PlanOfSourceTests : IAsyncDisposable
{
    private MirrorHost _mirror = null!;

    [Theory]
    [MirrorData]
    public async Task A_plan_says_how_much_of_what_it_would_do_and_whether_it_would_be_held(WarehouseKind kind, Way way)
    {
        await StartAsync(kind, way, people: 20);
        _mirror.Table([.. People(5, 20), "1 new@example.com u91", "30 niklaus@example.com u30"]);
        var plan = await _mirror.PlanAsync();
        Assert.Equal("planned", plan.Outcome);
        Assert.Equal("subscribe 2, unsubscribe 4, requests 1 + 1, eta 1, holds False, removals 4 of 20", await ViewAsync(plan));
        Assert.Equal("insert 1, update 1, delete 3", await SamplesAsync(plan));

        _mirror.Table(People(19, 20));
        Assert.Equal("subscribe 0, unsubscribe 18, requests 0 + 1, eta 1, holds True, removals 18 of 20", await ViewAsync(await _mirror.PlanAsync()));
        Assert.Equal(20, _mirror.Members.Split(' ').Length);
    }

    /// <summary>Half a table, as a load that broke off leaves it, and a model whose filter is another one: nobody is taken off for it.</summary>
    [Theory]
    [MirrorData]
    public async Task A_source_that_is_truncated_or_asks_for_others_is_held(WarehouseKind kind, Way way)
    {
        await StartAsync(kind, way, people: 40);
        _mirror.Table(People(24, 40));
        var truncated = await _mirror.SyncAsync();
        Assert.Equal("held", truncated.Outcome);
        Assert.Contains("23 of 40", (string)truncated.Json["error"]!, StringComparison.Ordinal);

        _mirror.Table([.. People(1, 40), .. People(101, 140)]);
        (await _mirror.Host.PutAsync($"/v2/retl-sources/{_mirror.Source}", $$$"""
            {"config":{"primaryKey":"PK","schema":"{{{_mirror.Warehouse.Schema}}}","table":"elsewhere"}}
            """)).ShouldBe(HttpStatusCode.OK);
        _mirror.Warehouse.Run("""CREATE VIEW elsewhere AS SELECT * FROM people WHERE length("PK") = 3""");
        var scope = await _mirror.SyncAsync();
        Assert.Equal(("held", "full"), (scope.Outcome, (string)scope.Json["syncType"]!));
        Assert.Equal(40, _mirror.Members.Split(' ').Length);
    }

    [Fact]
    public async Task Nothing_starts_while_a_sync_runs_or_what_it_needs_is_disabled()
    {
        await StartAsync(WarehouseKind.DuckDb, Way.Ledger, people: 1);
        _mirror.Sync.Gate.Close();
        var running = await _mirror.StartAsync("full");
        await RefusedAsync("already running", but: running);
        _mirror.Sync.Gate.Open();
        await _mirror.Audience.EndOfAsync(running);
        foreach (var (of, what) in new[] { (_mirror.Audience.Url, "connection is disabled"), ($"/v2/destinations/{_mirror.Audience.Destination}", "destination is disabled"), ($"/v2/retl-sources/{_mirror.Source}", "source is disabled") })
        {
            (await _mirror.Host.PutAsync(of, """{"enabled":false}""")).ShouldBe(HttpStatusCode.OK);
            await RefusedAsync(what, but: null);
            (await _mirror.Host.PutAsync(of, """{"enabled":true}""")).ShouldBe(HttpStatusCode.OK);
        }

        Assert.Equal("planned", (await _mirror.PlanAsync()).Outcome);
    }

    public async ValueTask DisposeAsync() => await _mirror.DisposeAsync();

    private static string[] People(int from, int to) => [.. Enumerable.Range(from, to - from + 1).Select(n => $"{n} p{n}@example.com u{n}")];

    private async Task StartAsync(WarehouseKind kind, Way way, int people)
    {
        _mirror = await MirrorHost.StartAsync(kind, way, settings: ""","guard":{"minRemovals":10}""");
        _mirror.Table(People(1, people));
        Assert.Equal("completed", (await _mirror.SyncAsync()).Outcome);
    }

    private async Task RefusedAsync(string why, string? but)
    {
        foreach (var what in new[] { "start", "plan" })
        {
            var refused = (await _mirror.Host.PostAsync($"{_mirror.Audience.Url}/{what}", "{}")).ShouldBeProblem(HttpStatusCode.Conflict, why);
            Assert.Equal(but, but is null ? null : refused.Text("syncId"));
        }
    }

    private Task<Answer> PlanViewAsync(SyncResult plan) => _mirror.Host.GetAsync($"{_mirror.Audience.Url}/syncs/{plan.Id}/plan", "operator");

    private async Task<string> ViewAsync(SyncResult plan)
    {
        var view = (await PlanViewAsync(plan)).ShouldBe(HttpStatusCode.OK);
        return $"subscribe {view.At("operations.subscribe")}, unsubscribe {view.At("operations.unsubscribe")}, requests {view.At("requests.subscribe")} + {view.At("requests.unsubscribe")}, "
            + $"eta {view.At("etaSeconds")}, holds {(bool)view.At("guard.wouldHold")!}, removals {view.At("guard.removals")} of {view.At("guard.members")}";
    }

    private async Task<string> SamplesAsync(SyncResult plan)
    {
        var view = await PlanViewAsync(plan);
        return string.Join(", ", new[] { "insert", "update", "delete" }.Select(action => $"{action} {view.At($"samples.{action}")!.AsArray().Count}"));
    }
}
