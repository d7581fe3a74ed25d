using System.Net;
using System.Text.Json.Nodes;
using IterableAudience.Simulator.Api;
using IterableAudience.Simulator.Faults;
using IterableAudience.Tests.Stores;
using Xunit;

namespace IterableAudience.Tests.Faults;

/// <summary>
/// As <see cref="KillMatrixTests"/>, on two nodes: the node that is killed at a step of the spine doesn't come back, and the other one takes its sync over from there.
/// </summary>
public sealed class TakeoverMatrixTests : MatrixTest
{
    [Theory]
    [StoreData("plan", "plan_part", "planning", 0, Only = StoreKind.PostgreSql)]
    [StoreData("before a request", "started", "sending", 0, Only = StoreKind.PostgreSql)]
    [StoreData("after the answer and before its record", "result", "sending", AtHand, Only = StoreKind.PostgreSql)]
    [StoreData("close", "holder_block", "closing", 0, Only = StoreKind.PostgreSql)]
    public async Task Another_node_takes_over_where_the_store_refused_the_next_write(StoreKind store, string step, string table, string phase, int sentAgain)
    {
        var (first, second, killed) = await BegunAsync(store);
        first.Execute(Store!.Break(table));
        var sync = await first.PushAsync(killed, Changes);
        await Until.Is($"{step}: the sync pauses", () => Pauses(first) > 0);
        await Until.AsyncIs($"{step}: the other node is told", () => second.GetSyncAsync(killed, sync), s => (string)s["phase"]! == phase);
        // While it pauses it tries again now and then, and is refused again.
        var most = sentAgain * (Pauses(first) + 1);
        await first.Service.KillAsync();
        first.Execute(Store.Mend(table));
        await EndsLikeACalmOneAsync(second, killed, sync, most);
    }

    [Theory]
    [StoreData(CallKind.Unsubscribe, FaultKind.Hang, 2, Only = StoreKind.PostgreSql)]
    [StoreData(CallKind.Subscribe, FaultKind.HangAfter, InFlight, Only = StoreKind.PostgreSql)]
    internal async Task Another_node_takes_over_what_was_on_the_wire(StoreKind store, CallKind kind, FaultKind fault, int hanging)
    {
        var (first, second, killed) = await BegunAsync(store);
        first.Hang(killed, kind, fault, skip: 0, times: hanging);
        var sync = await first.PushAsync(killed, Changes);
        await first.CaughtAsync(killed, sync, recorded: 0, hanging);
        await first.Service.KillAsync();
        await EndsLikeACalmOneAsync(second, killed, sync, hanging);
    }

    [PostgresFact]
    public async Task Another_node_ends_a_push_whose_body_never_became_whole_and_takes_it_when_it_comes_again()
    {
        var (first, second, killed) = await BegunAsync(StoreKind.PostgreSql);
        var path = $"/v2/retl-connections/{killed.Connection}/syncs";
        using var body = new HalfBody(Changes);
        var push = first.SendAsync(HttpMethod.Post, path, body, idempotencyKey: "once");
        var begun = await Until.AsyncIs("a body comes in", async () => (await second.GetAsync(path))["syncs"]![0]!, s => (string)s["phase"]! == "staging");
        await first.Service.KillAsync();
        body.BreakOff();
        await Assert.ThrowsAnyAsync<Exception>(() => push); // its sender knows that it was not taken

        var end = await second.ClosedAsync(killed, (string)begun["id"]!);
        Assert.Equal(("failed", "aborted"), ((string)end["status"]!, (string)end["outcome"]!));
        Assert.Contains("while the body was coming in", (string)end["error"]!, StringComparison.Ordinal);

        using var again = await second.SendAsync(HttpMethod.Post, path, Site.Body(Changes), idempotencyKey: "once");
        Assert.Equal(HttpStatusCode.Accepted, again.StatusCode);
        var sync = (string)JsonNode.Parse(await again.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["syncId"]!;
        await EndsLikeACalmOneAsync(second, killed, sync, sentAgain: 0);
    }

    /// <summary>Two nodes with room for as many requests in all as one has elsewhere; a node is dead to the other after two and a half attempts.</summary>
    private async Task<(Site First, Site Second, Audience Killed)> BegunAsync(StoreKind store)
    {
        var first = await SiteAsync(store, ("Iterable__MaxInFlight", $"{2 * InFlight}"), ("Iterable__AttemptTimeout", "00:00:02"));
        var killed = await first.AudienceAsync("killed");
        await first.SyncAsync(killed, Before);
        return (first, Own(await first.NodeAsync()), killed);
    }
}
