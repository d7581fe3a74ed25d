using System.Text.Json.Nodes;
using IterableAudience.Simulator.Api;
using IterableAudience.Simulator.Faults;
using IterableAudience.Tests.Stores;
using Xunit;

namespace IterableAudience.Tests.Faults;

/// <summary>SIGKILL at any instant: the next start ends what was begun, as if nothing had happened.</summary>
public sealed class KillTests : ProcessTest
{
    private const int InFlight = 4;

    [Theory]
    [StoreData]
    public async Task A_sync_that_is_killed_three_times_while_sending_ends_like_one_that_is_not(StoreKind store)
    {
        var site = await SiteAsync(store, ("Iterable__MaxInFlight", $"{InFlight}"));
        var killed = await site.AudienceAsync("killed");
        var calm = await site.AudienceAsync("calm");
        var before = Rows.Of(0, 10_000);
        await site.SyncAsync(killed, before);
        // Leavers, newcomers, rows that hold somebody else now, rows sent twice, rows that are refused.
        var changes = new Rows().Delete(0, 2_500).Insert(10_000, 4_000).Change(2_500, 2_000, peopleFrom: 20_000).Insert(10_000, 100).Bad(30_000, 50);

        // While leavers are on the wire: one batch is processed, and its answer never seen.
        site.Hang(killed, CallKind.Unsubscribe, FaultKind.HangAfter, skip: 1, times: 1);
        var sync = await site.PushAsync(killed, changes);
        await site.CaughtAsync(killed, sync, recorded: 1_500, hanging: 1);

        // While subscribes are on the wire: two batches that Iterable has not seen.
        await site.CrashAsync(() => site.Hang(killed, CallKind.Subscribe, FaultKind.Hang, skip: 2, times: 2));
        await site.CaughtAsync(killed, sync, recorded: 4_000, hanging: 2);

        // While the replaced are on the wire.
        await site.CrashAsync(() => site.Hang(killed, CallKind.Unsubscribe, FaultKind.HangAfter, skip: 0, times: 1));
        await site.CaughtAsync(killed, sync, recorded: 3_000, hanging: 1);
        await site.CrashAsync();
        var end = await site.ClosedAsync(killed, sync);

        await site.SyncAsync(calm, before);
        var calmSync = await site.PushAsync(calm, changes);
        var calmEnd = await site.ClosedAsync(calm, calmSync);

        Assert.Equal("completed_with_failures", (string)end["outcome"]!);
        Assert.Equal(calmEnd["report"]!.ToJsonString(), end["report"]!.ToJsonString());
        AssertAddsUp(end);
        Assert.Equal(
            Enumerable.Range(4_500, 9_500).Concat(Enumerable.Range(20_000, 2_000)).Select(Rows.UserId).Order(StringComparer.Ordinal),
            site.Members(killed).Select(m => m.UserId));
        Assert.Equal(site.Members(calm), site.Members(killed));
        Assert.Equal(site.Ledger(calm), site.Ledger(killed));
        Assert.Equal(await site.OutcomesAsync(calm, calmSync), await site.OutcomesAsync(killed, sync));
        // What was on the wire was sent again, and nothing else. (Batches leave at the same time: the one that hung may be the short one.)
        // Besides those that hang, some may be answered and not yet recorded when the process is killed.
        Assert.InRange(site.Calls(killed, CallKind.Unsubscribe).Count() - site.Calls(calm, CallKind.Unsubscribe).Count(), 2, 3);
        Assert.InRange(site.Calls(killed, CallKind.Subscribe).Count() - site.Calls(calm, CallKind.Subscribe).Count(), 2, InFlight + 2);
    }

    /// <summary>Three batches are processed and their answers never seen; after the kill the key is refused, so they are never sent again.</summary>
    [Theory]
    [StoreData(true, "counts 3000 0 3000")]
    [StoreData(false, "counts 6000 3000 0")]
    public async Task What_Iterable_may_have_done_before_a_kill_is_not_forgotten_when_the_sync_ends_without_sending_it_again(StoreKind store, bool removals, string counts)
    {
        var site = await SiteAsync(store, ("Iterable__MaxInFlight", $"{InFlight}"));
        var audience = await site.AudienceAsync("doubt");
        await site.SyncAsync(audience, Rows.Of(0, 6_000));
        site.Hang(audience, removals ? CallKind.Unsubscribe : CallKind.Subscribe, FaultKind.HangAfter, skip: 0, times: 3);
        var sync = await site.PushAsync(audience, removals ? new Rows().Delete(0, 3_000) : Rows.Of(10_000, 3_000));
        await site.CaughtAsync(audience, sync, recorded: 0, hanging: 3);
        await site.CrashAsync(() => site.World.Faults.Add(new FaultRule { Fault = FaultKind.Respond, Status = 401, Times = 0, On = new() { ListId = audience.List } }));
        var end = await site.ClosedAsync(audience, sync);

        Assert.Equal(("aborted", 3_000), ((string)end["outcome"]!, (int)end["report"]!["outcomes"]!["not_sent"]!));
        AssertAddsUp(end);
        Assert.Contains(counts, site.Ledger(audience));

        // The next sync of the connection mends what can be mended: removals are tried again; whoever may be on the list can be taken off.
        site.World.Faults.Clear();
        await site.SyncAsync(audience, removals ? Rows.Of(20_000, 1) : new Rows().Delete(10_000, 3_000));
        Assert.Contains(removals ? "counts 3001 0 0" : "counts 6000 0 0", site.Ledger(audience));
        Assert.Equal(removals ? 3_001 : 6_000, site.Members(audience).Count);
    }

    [Theory]
    [StoreData]
    public async Task A_sync_that_is_killed_while_planning_and_while_closing_goes_on(StoreKind store)
    {
        const int People = 200_000;
        var site = await SiteAsync(store);
        var audience = await site.AudienceAsync("large");

        var sync = await site.PushAsync(audience, Rows.Of(0, People).Bad(People, 10));
        Assert.Equal("planning", await KillAtAsync(site, audience, sync, "planning"));
        Assert.Empty(site.Calls(audience, CallKind.Subscribe));
        await site.StartAsync();
        Assert.Equal("closing", await KillAtAsync(site, audience, sync, "closing"));
        await site.StartAsync();
        var end = await site.ClosedAsync(audience, sync);

        Assert.Equal("completed_with_failures", (string)end["outcome"]!);
        Assert.Equal(People, (long)end["report"]!["outcomes"]!["subscribed"]!);
        Assert.Equal(11, (long)end["report"]!["outcomes"]!["rejected"]!);
        AssertAddsUp(end);
        Assert.Equal(People, site.Members(audience).Count);
        Assert.Equal(People, site.RowsSent(audience, CallKind.Subscribe));
        Assert.Equal(People, site.Ledger(audience).Count(l => l.StartsWith("member", StringComparison.Ordinal)));
        // Whom the ledger holds by both identifiers is known by both.
        Assert.Equal(2 * People, site.Ledger(audience).Count(l => l.StartsWith("holder", StringComparison.Ordinal)));
    }

    [Theory]
    [StoreData]
    public async Task A_push_that_is_killed_half_way_sends_nothing_and_its_key_is_free_again(StoreKind store)
    {
        const int Half = 40_000;
        const int Written = 35_000; // a chunk is written before that
        var site = await SiteAsync(store);
        var audience = await site.AudienceAsync("half");
        var path = $"/v2/retl-connections/{audience.Connection}/syncs";

        using var body = new HalfBody(Rows.Of(0, Half));
        var push = site.SendAsync(HttpMethod.Post, path, body, idempotencyKey: "once");
        var running = await Until.AsyncIs(
            "half is staged", async () => (await site.GetAsync(path))["syncs"]!.AsArray().SingleOrDefault(), s => s is not null && Received(s) > Written);
        Assert.Equal("staging", (string)running!["phase"]!);
        await site.CrashAsync();
        body.BreakOff();
        await Assert.ThrowsAnyAsync<Exception>(() => push);

        var end = await site.ClosedAsync(audience, (string)running["id"]!);
        Assert.Equal("aborted", (string)end["outcome"]!);
        Assert.Equal("failed", (string)end["status"]!);
        Assert.Contains("The service stopped while the body was coming in", (string)end["error"]!, StringComparison.Ordinal);
        Assert.InRange(Received(end), 0, Half); // what had been written by then
        AssertAddsUp(end);
        Assert.Equal(Received(end), (long)end["report"]!["outcomes"]!["not_sent"]!);
        Assert.Empty(site.Calls(audience, CallKind.Subscribe));

        using var again = await site.SendAsync(HttpMethod.Post, path + "?wait=60", Site.Body(Rows.Of(0, 2_000)), idempotencyKey: "once");
        var sync = JsonNode.Parse(await again.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
        Assert.Equal("completed", (string)sync["outcome"]!);
        Assert.Equal(2_000, site.Members(audience).Count);
    }

    private static long Received(JsonNode sync) => (long)sync["report"]!["received"]!["total"]!;

    private static void AssertAddsUp(JsonNode sync)
        => Assert.Equal(Received(sync), sync["report"]!["outcomes"]!.AsObject().Sum(o => (long)o.Value!));

    /// <summary>Kills the service while a sync is in a phase, and returns the phase that the sync was in when it was cut off.</summary>
    private static async Task<string> KillAtAsync(Site site, Audience audience, string sync, string phase)
    {
        var met = await site.SyncUntilAsync(audience, sync, s => (string)s["phase"]! == phase || (string)s["phase"]! == "closed");
        await site.Service.KillAsync();
        return (string)met["phase"]!;
    }
}
