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
public sealed class KillMatrixTests : ProcessTest
{
    private const int InFlight = 4;
    private static readonly Rows Before = Rows.Of(0, 6_000);

    /// <summary>Leavers, newcomers, rows that hold somebody else now, rows sent twice, rows that are refused.</summary>
    private static readonly Rows Changes = new Rows().Delete(0, 1_500).Insert(6_000, 3_500).Change(1_500, 1_200, peopleFrom: 20_000).Insert(6_000, 100).Bad(30_000, 20);

    [Theory]
    [StoreData("plan", "plan_part", "planning", 0)]
    [StoreData("before a request", "started", "sending", 0)]
    [StoreData("after the answer and before its record", "result", "sending", InFlight)]
    [StoreData("close", "holder", "closing", 0)]
    public async Task Killed_where_the_store_refuses_the_next_write_a_sync_ends_as_if_nothing_had_happened(
        StoreKind store, string step, string table, string phase, int sentAgain)
    {
        var (site, killed) = await BegunAsync(store);
        site.Execute(Store!.Break(table));
        var sync = await site.PushAsync(killed, Changes);
        await Until.Is($"{step}: the sync pauses", () => Pauses(site) > 0);
        Assert.Equal(phase, (string)(await site.GetSyncAsync(killed, sync))["phase"]!);
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

    private static int Pauses(Site site) => site.Service.Output.Count(l => l.Contains("The sync pauses", StringComparison.Ordinal));

    private async Task<(Site Site, Audience Killed)> BegunAsync(StoreKind store)
    {
        var site = await SiteAsync(store, ("Iterable__MaxInFlight", $"{InFlight}"));
        var killed = await site.AudienceAsync("killed");
        await site.SyncAsync(killed, Before);
        return (site, killed);
    }

    private static async Task EndsLikeACalmOneAsync(Site site, Audience killed, string sync, int sentAgain)
    {
        var end = await site.ClosedAsync(killed, sync);
        var calm = await site.AudienceAsync("calm");
        await site.SyncAsync(calm, Before);
        var calmSync = await site.PushAsync(calm, Changes);
        var calmEnd = await site.ClosedAsync(calm, calmSync);

        Assert.Equal("completed_with_failures", (string)end["outcome"]!); // some rows are refused
        Assert.Equal(calmEnd["report"]!.ToJsonString(), end["report"]!.ToJsonString());
        Assert.Equal((long)end["report"]!["received"]!["total"]!, end["report"]!["outcomes"]!.AsObject().Sum(o => (long)o.Value!));
        Assert.Equal(
            Enumerable.Range(2_700, 6_800).Concat(Enumerable.Range(20_000, 1_200)).Select(Rows.UserId).Order(StringComparer.Ordinal),
            site.Members(killed).Select(m => m.UserId));
        Assert.Equal(site.Members(calm), site.Members(killed));
        Assert.Equal(site.Ledger(calm), site.Ledger(killed));
        Assert.Equal(await site.OutcomesAsync(calm, calmSync), await site.OutcomesAsync(killed, sync));
        Assert.InRange(Calls(site, killed) - Calls(site, calm), 0, sentAgain);
    }

    private static int Calls(Site site, Audience audience) => site.Calls(audience, CallKind.Subscribe).Count() + site.Calls(audience, CallKind.Unsubscribe).Count();
}
