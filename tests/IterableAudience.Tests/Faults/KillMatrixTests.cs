using System.Net;
using System.Text.Json.Nodes;
using IterableAudience.Simulator.Api;
using IterableAudience.Simulator.Faults;
using IterableAudience.Tests.Stores;
using Xunit;

namespace IterableAudience.Tests.Faults;

/// <summary>
/// SIGKILL at every step of the spine, always at the same place: the store refuses what the step would write next, or Iterable's answer doesn't come.
/// The next start goes on from there, and list, ledger, report and records end like those of a sync that nothing happened to.
/// </summary>
public sealed class KillMatrixTests : MatrixTest
{
    [Theory]
    [StoreData("plan", "plan_part", "planning", 0)]
    [StoreData("before a request", "started", "sending", 0)]
    [StoreData("after the answer and before its record", "result", "sending", AtHand)]
    [StoreData("close", "holder_block", "closing", 0)]
    public async Task Killed_where_the_store_refuses_the_next_write_a_sync_ends_as_if_nothing_had_happened(
        StoreKind store, string step, string table, string phase, int sentAgain)
    {
        var (site, killed) = await BegunAsync(store);
        site.Execute(Store!.Break(table));
        var sync = await site.PushAsync(killed, Changes);
        await Until.Is($"{step}: the sync pauses", () => Pauses(site) > 0);
        // It has tried again once by then, at most, and doesn't know of the trouble while it does.
        var paused = await Until.AsyncIs(
            step, () => site.GetSyncAsync(killed, sync), s => (string)s["report"]!["progress"]!["limitedBy"]! == "store", TimeSpan.FromSeconds(3));
        Assert.Equal(phase, (string)paused["phase"]!);
        // While it pauses it tries again now and then, and is refused again.
        var most = sentAgain * (Pauses(site) + 1);
        await site.CrashAsync(() => site.Execute(Store.Mend(table)));
        await EndsLikeACalmOneAsync(site, killed, sync, most);
    }

    [Theory]
    [StoreData(CallKind.Unsubscribe, FaultKind.Hang, 2)]
    [StoreData(CallKind.Subscribe, FaultKind.HangAfter, InFlight)]
    internal async Task Killed_while_requests_are_on_the_wire_a_sync_ends_as_if_nothing_had_happened(StoreKind store, CallKind kind, FaultKind fault, int hanging)
    {
        var (site, killed) = await BegunAsync(store);
        site.Hang(killed, kind, fault, skip: 0, times: hanging);
        var sync = await site.PushAsync(killed, Changes);
        await site.CaughtAsync(killed, sync, recorded: 0, hanging);
        await site.CrashAsync();
        await EndsLikeACalmOneAsync(site, killed, sync, hanging);
    }

    [Theory]
    [StoreData]
    public async Task Killed_while_the_body_comes_in_a_push_has_changed_nothing_and_is_taken_when_it_comes_again(StoreKind store)
    {
        var (site, killed) = await BegunAsync(store);
        var path = $"/v2/retl-connections/{killed.Connection}/syncs";
        using var body = new HalfBody(Changes);
        var push = site.SendAsync(HttpMethod.Post, path, body, idempotencyKey: "once");
        await Until.AsyncIs("a body comes in", async () => (string)(await site.GetAsync(path))["syncs"]![0]!["phase"]!, phase => phase == "staging");
        await site.CrashAsync();
        body.BreakOff();
        await Assert.ThrowsAnyAsync<Exception>(() => push);
        await Until.AsyncIs("it ends", async () => (string)(await site.GetAsync(path))["syncs"]![0]!["phase"]!, phase => phase == "closed");

        using var again = await site.SendAsync(HttpMethod.Post, path, Site.Body(Changes), idempotencyKey: "once");
        Assert.Equal(HttpStatusCode.Accepted, again.StatusCode);
        var sync = (string)JsonNode.Parse(await again.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["syncId"]!;
        await EndsLikeACalmOneAsync(site, killed, sync, sentAgain: 0);
    }

    private async Task<(Site Site, Audience Killed)> BegunAsync(StoreKind store)
    {
        var site = await SiteAsync(store, ("Iterable__MaxInFlight", $"{InFlight}"));
        var killed = await site.AudienceAsync("killed");
        await site.SyncAsync(killed, Before);
        return (site, killed);
    }
}
