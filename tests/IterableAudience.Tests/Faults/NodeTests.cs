using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using IterableAudience.Simulator.Api;
using IterableAudience.Simulator.Faults;
using IterableAudience.Tests.Stores;
using Npgsql;
using Xunit;

namespace IterableAudience.Tests.Faults;

/// <summary>
/// Two nodes on one PostgreSQL, each a process: what one leaves behind the other one brings to the same end, and whoever comes back does nothing any more.
/// </summary>
public sealed class NodeTests : ProcessTest
{
    private const int InFlight = 2;
    private const int People = 12_000;

    /// <summary>A node is dead to the others after its lease (one and a half of these) and one more.</summary>
    private static readonly (string, string)[] Common = [("Iterable__AttemptTimeout", "00:00:02"), ("Iterable__MaxInFlight", $"{InFlight}")];

    [PostgresFact]
    public async Task A_node_that_is_killed_has_its_sync_ended_by_the_other_as_if_nothing_had_happened()
    {
        var (first, second) = await NodesAsync();
        var (audience, sync) = await BeginAsync(first);

        await first.Service.KillAsync();
        var end = await second.ClosedAsync(audience, sync);

        await AssertWholeAsync(second, audience, sync, end);
    }

    [PostgresFact]
    public async Task A_node_that_is_told_to_stop_hands_its_sync_over_at_once()
    {
        var (first, second) = await NodesAsync(("Iterable__AttemptTimeout", "00:00:20")); // nobody would wait for a lease of that length
        var (audience, sync) = await BeginAsync(first);

        Assert.Equal(0, await first.Service.StopAsync());
        var end = await second.ClosedAsync(audience, sync);

        await AssertWholeAsync(second, audience, sync, end);
        Assert.Equal(People, second.RowsSent(audience, CallKind.Subscribe)); // what was on the wire was recorded before it went
    }

    [PostgresFact]
    public async Task A_node_that_must_go_without_an_answer_hands_over_at_once_what_was_answered_and_the_rest_when_its_request_has_timed_out()
    {
        var timeout = TimeSpan.FromSeconds(30);
        var (first, second) = await NodesAsync(("Iterable__AttemptTimeout", $"{timeout}"), ("Iterable__MaxInFlight", $"{2 * InFlight}"));
        var (hanging, other) = (await first.AudienceAsync("hanging"), await first.AudienceAsync("other"));
        first.Hang(hanging, CallKind.Subscribe, FaultKind.HangAfter, skip: 0, times: 1);
        var caught = await first.PushAsync(hanging, Rows.Of(0, 1_000));
        await first.CaughtAsync(hanging, caught, recorded: 0, hanging: 1);
        first.World.Behaviour = first.World.Behaviour with { DelayMs = 400 };
        var sync = await first.PushAsync(other, Rows.Of(0, People));
        await first.SyncUntilAsync(other, sync, s => (long)s["report"]!["progress"]!["sent"]! >= 1_000);

        var watch = Stopwatch.StartNew();
        Assert.Equal(0, await first.Service.StopAsync());
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(28), $"The stop took {watch.Elapsed}: {first.Service.OutputText}");
        await AssertWholeAsync(second, other, sync, await second.ClosedAsync(other, sync));
        Assert.Single(second.Calls(hanging, CallKind.Subscribe)); // Iterable may still have it
        Assert.Equal(People, second.RowsSent(other, CallKind.Subscribe));

        var end = await second.ClosedAsync(hanging, caught);
        Assert.Equal(("completed", 1_000), ((string)end["outcome"]!, (int)end["report"]!["outcomes"]!["subscribed"]!));
        var calls = second.Calls(hanging, CallKind.Subscribe).ToList();
        Assert.Equal((2, true), (calls.Count, calls[0].ClientGaveUp));
        Assert.True(calls[1].At - calls[0].At >= timeout, $"It was sent again after {calls[1].At - calls[0].At}.");
        Assert.True(watch.Elapsed < timeout * 1.5, $"The takeover came after {watch.Elapsed}."); // nobody waited for the lease
    }

    [PostgresFact]
    public async Task A_node_that_froze_and_wakes_after_the_takeover_writes_nothing_and_starts_no_request()
    {
        var (first, second) = await NodesAsync();
        var (audience, sync) = await BeginAsync(first);

        first.Service.Freeze();
        var end = await second.ClosedAsync(audience, sync);
        await AssertWholeAsync(second, audience, sync, end);
        var (calls, ledger) = (second.World.Log.Entries.Count, second.Ledger(audience));

        first.Service.Wake();
        await Until.Is("the node knows that it has lost the sync", () => first.Service.OutputText.Contains("is another node's by now", StringComparison.Ordinal));
        await Until.Is("the node has its lease again", () => first.Service.OutputText.Contains("has renewed its lease again", StringComparison.Ordinal) || IsAlive(first));

        Assert.Equal(calls, second.World.Log.Entries.Count);
        Assert.Equal(ledger, second.Ledger(audience));
        Assert.Equal(end["report"]!.ToJsonString(), (await first.GetSyncAsync(audience, sync))["report"]!.ToJsonString());

        // It is as good as any other node from then on.
        Assert.Equal("completed", (string)(await first.SyncAsync(audience, new Rows().Delete(0, 10)))["outcome"]!);
        Assert.Equal(People - 10, second.Members(audience).Count);
    }

    [PostgresFact]
    public async Task A_node_that_is_cut_off_from_the_store_sends_nothing_more_and_loses_its_sync()
    {
        NewStore(StoreKind.PostgreSql);
        await using var network = new Network(PostgresServer.Shared.Port);
        var direct = new NpgsqlConnectionStringBuilder(Store!.ConnectionString);
        var first = await SiteAsync(StoreKind.PostgreSql, [.. Common, ("ConnectionStrings__Store", new NpgsqlConnectionStringBuilder(direct.ConnectionString) { Port = network.Port }.ConnectionString)]);
        var second = Own(await first.NodeAsync(("ConnectionStrings__Store", direct.ConnectionString)));
        var (audience, sync) = await BeginAsync(first);

        network.Swallow();
        var end = await second.ClosedAsync(audience, sync);
        await AssertWholeAsync(second, audience, sync, end);
        var (calls, ledger) = (second.World.Log.Entries.Count, second.Ledger(audience));

        network.Mend();
        await Until.Is("the node knows that it has lost the sync", () => first.Service.OutputText.Contains("is another node's by now", StringComparison.Ordinal));
        Assert.Equal(calls, second.World.Log.Entries.Count);
        Assert.Equal(ledger, second.Ledger(audience));
    }

    [PostgresFact]
    public async Task A_node_that_is_cut_off_from_Iterable_tries_until_it_is_back_and_the_other_one_is_not_held_up()
    {
        var first = await SiteAsync(StoreKind.PostgreSql, [.. Common, ("Iterable__MaxAttempts", "14")]);
        await using var network = new Network(first.Simulator.BaseUrl.Port);
        var (cutOff, other) = (await first.AudienceAsync("cut off"), await first.AudienceAsync("other"));
        var second = Own(await first.NodeAsync(("Iterable__BaseUrls__US", $"http://127.0.0.1:{network.Port}")));
        network.Cut();

        var sync = await second.PushAsync(cutOff, Rows.Of(0, People));
        Assert.Equal("completed", (string)(await first.SyncAsync(other, Rows.Of(0, 2_000)))["outcome"]!);
        Assert.Equal(("sending", 0), ((string)(await first.SyncUntilAsync(cutOff, sync, s => (string)s["phase"]! != "planning"))["phase"]!, first.RowsSent(cutOff, CallKind.Subscribe)));

        network.Mend();
        await AssertWholeAsync(first, cutOff, sync, await first.ClosedAsync(cutOff, sync));
        Assert.Equal(2_000, first.RowsSent(other, CallKind.Subscribe));
        Assert.DoesNotContain(second.Service.Output, l => l.Contains("is another node's by now", StringComparison.Ordinal)); // its claim was good all the time
    }

    [PostgresFact]
    public async Task Any_node_takes_a_push_and_a_stop_and_a_connection_has_one_sync_over_all_of_them()
    {
        var (first, second) = await NodesAsync();
        var (audience, sync) = await BeginAsync(first);

        using var refused = await second.SendAsync(HttpMethod.Post, $"/v2/retl-connections/{audience.Connection}/syncs", Site.Body(Rows.Of(0, 1)));
        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        Assert.Equal(sync, (string)JsonNode.Parse(await refused.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["syncId"]!);
        var seen = await second.SyncUntilAsync(audience, sync, s => (long)s["report"]!["progress"]!["sent"]! >= 2_000);
        Assert.Equal(("running", "sending"), ((string)seen["status"]!, (string)seen["phase"]!));
        Assert.Equal(People, (int)seen["report"]!["received"]!["total"]!);

        using var stopped = await second.SendAsync(HttpMethod.Post, $"/v2/retl-connections/{audience.Connection}/stop", null);
        Assert.Equal(HttpStatusCode.NoContent, stopped.StatusCode);
        var end = await second.ClosedAsync(audience, sync);
        Assert.Equal("cancelled", (string)end["outcome"]!);
        Assert.InRange(second.RowsSent(audience, CallKind.Subscribe), 1, People - 1000);

        Assert.Equal("completed", (string)(await second.SyncAsync(audience, Rows.Of(0, People)))["outcome"]!);
        Assert.Equal(People, first.Members(audience).Count);
    }

    [PostgresFact]
    public async Task Two_connections_of_one_list_pushed_at_once_on_two_nodes_leave_the_list_as_the_ledger_says()
    {
        var (first, second) = await NodesAsync();
        var one = await first.AudienceAsync("shared");
        var other = await first.AlsoAsync(one);
        await first.SyncAsync(one, Rows.Of(0, 3_000));
        await second.SyncAsync(other, Rows.Of(1_000, 3_000));

        // The one gives up whom the other keeps, comes to hold, or gives up itself at the same moment.
        var ends = await Task.WhenAll(
            SyncAsync(first, one, new Rows().Delete(0, 2_500).Insert(5_000, 500)),
            SyncAsync(second, other, new Rows().Delete(1_000, 500).Insert(0, 1_000).Delete(3_500, 500).Insert(5_250, 500)));

        Assert.All(ends, e => Assert.Equal("completed", (string)e["outcome"]!));
        var held = first.Entries(one).Concat(first.Entries(other)).Where(e => e.EndsWith(" Member", StringComparison.Ordinal)).Select(e => e.Split(' ')[2]).Distinct();
        Assert.Equal(held.Order(StringComparer.Ordinal), first.Members(one).Select(m => m.UserId!).Order(StringComparer.Ordinal));
        Assert.Equal(
            Enumerable.Range(0, 1_000).Concat(Enumerable.Range(1_500, 2_000)).Concat(Enumerable.Range(5_000, 750)).Select(Rows.UserId).Order(StringComparer.Ordinal),
            first.Members(one).Select(m => m.UserId!).Order(StringComparer.Ordinal));

        static async Task<JsonNode> SyncAsync(Site site, Audience audience, Rows rows) => await site.SyncAsync(audience, rows);
    }

    private static bool IsAlive(Site site)
    {
        using var store = site.OpenStore();
        using var command = store.CreateCommand();
        command.CommandText = "SELECT count(*) FROM node WHERE \"Until\" > CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)";
        return (long)command.ExecuteScalar()! == 2;
    }

    private async Task<(Site First, Site Second)> NodesAsync(params (string, string)[] settings)
    {
        var first = await SiteAsync(StoreKind.PostgreSql, [.. Common, .. settings]);
        return (first, Own(await first.NodeAsync()));
    }

    /// <summary>A sync whose batches take so long that there is time to do something to its node, with some of them recorded.</summary>
    private static async Task<(Audience Audience, string Sync)> BeginAsync(Site node)
    {
        var audience = await node.AudienceAsync("nodes");
        node.World.Behaviour = node.World.Behaviour with { DelayMs = 400 };
        var sync = await node.PushAsync(audience, Rows.Of(0, People));
        await node.SyncUntilAsync(audience, sync, s => (long)s["report"]!["progress"]!["sent"]! >= 2_000);
        return (audience, sync);
    }

    private static async Task AssertWholeAsync(Site node, Audience audience, string sync, JsonNode end)
    {
        Assert.Equal("completed", (string)end["outcome"]!);
        Assert.Equal((People, People), ((int)end["report"]!["received"]!["total"]!, (int)end["report"]!["outcomes"]!["subscribed"]!));
        Assert.Equal(Enumerable.Range(0, People).Select(Rows.UserId).Order(StringComparer.Ordinal), node.Members(audience).Select(m => m.UserId!).Order(StringComparer.Ordinal));
        Assert.Equal(People, node.Entries(audience).Count(e => e.EndsWith(" Member", StringComparison.Ordinal)));
        Assert.Contains($"counts {People} 0 0", node.Ledger(audience));
        Assert.All(await node.OutcomesAsync(audience, sync), o => Assert.Contains("subscribed", o, StringComparison.Ordinal));
        // What was on the wire was sent again, and nothing else.
        Assert.InRange(node.RowsSent(audience, CallKind.Subscribe), People, People + (InFlight * 1000));
    }
}
