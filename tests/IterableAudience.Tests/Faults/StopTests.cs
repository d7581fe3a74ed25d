using System.Diagnostics;
using IterableAudience.Simulator.Api;
using IterableAudience.Simulator.Faults;
using IterableAudience.Tests.Stores;
using Xunit;

namespace IterableAudience.Tests.Faults;

/// <summary>SIGTERM: what is on the wire is still recorded, and the next start goes on.</summary>
public sealed class StopTests : ProcessTest
{
    [Theory]
    [StoreData]
    public async Task A_stop_while_sending_records_what_is_on_the_wire_and_the_next_start_sends_the_rest(StoreKind store)
    {
        var site = await SiteAsync(store, ("Iterable__MaxInFlight", "2"));
        var audience = await site.AudienceAsync("stopped");
        var path = $"/v2/retl-connections/{audience.Connection}/syncs";
        site.World.Behaviour = site.World.Behaviour with { DelayMs = 1_000 };

        // Clients that wait for the end of the sync must not hold up the stop.
        var waiting = site.SendAsync(HttpMethod.Post, path + "?wait=60", Site.Body(Rows.Of(0, 10_000)));
        await Until.Is("a batch is on the wire", () => site.Calls(audience, CallKind.Subscribe).Any());
        var sync = (string)(await site.GetAsync(path))["syncs"]![0]!["id"]!;
        using var events = await site.SendAsync(HttpMethod.Get, $"{path}/{sync}/events", null, completion: HttpCompletionOption.ResponseHeadersRead);
        await Until.Is("batches are answered", () => site.Calls(audience, CallKind.Subscribe).Count(c => c.AnsweredAt is not null) >= 2);

        var watch = Stopwatch.StartNew();
        Assert.Equal(0, await site.Service.StopAsync());
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(15), $"The stop took {watch.Elapsed}: {site.Service.OutputText}");
        Assert.InRange(site.RowsSent(audience, CallKind.Subscribe), 2_000, 9_000);
        // The records are staged, so it is a promise.
        using var answer = await waiting;
        Assert.Equal(202, (int)answer.StatusCode);

        site.World.Behaviour = site.World.Behaviour with { DelayMs = 0 };
        await site.StartAsync();
        var end = await site.ClosedAsync(audience, sync);

        Assert.Equal("completed", (string)end["outcome"]!);
        Assert.Equal(10_000, (long)end["report"]!["outcomes"]!["subscribed"]!);
        Assert.Equal(10_000, site.Members(audience).Count);
        // What was on the wire was answered and recorded: nothing is sent twice.
        Assert.Equal(10_000, site.RowsSent(audience, CallKind.Subscribe));
    }

    [Fact]
    public async Task A_stop_while_Iterable_does_not_answer_gives_up_what_is_on_the_wire_and_the_next_start_sends_that_again()
    {
        var site = await SiteAsync(StoreKind.Sqlite); // attempts may take 30 seconds, as they do unless told otherwise
        var audience = await site.AudienceAsync("hanging");
        site.Hang(audience, CallKind.Subscribe, FaultKind.HangAfter, skip: 2, times: 1);
        var sync = await site.PushAsync(audience, Rows.Of(0, 6_000));
        await site.CaughtAsync(audience, sync, recorded: 5_000, hanging: 1);

        var watch = Stopwatch.StartNew();
        Assert.Equal(0, await site.Service.StopAsync());
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(25), $"The stop took {watch.Elapsed}: {site.Service.OutputText}");
        await Until.Is("its connection is closed", () => site.Calls(audience, CallKind.Subscribe).Count(c => c.ClientGaveUp) == 1);

        await site.StartAsync();
        var end = await site.ClosedAsync(audience, sync);
        Assert.Equal("completed", (string)end["outcome"]!);
        Assert.Equal(6_000, (long)end["report"]!["outcomes"]!["subscribed"]!);
        Assert.Equal(6_000, site.Members(audience).Count);
        Assert.Equal(6_000, site.Entries(audience).Count(e => e.EndsWith(" Member", StringComparison.Ordinal)));
        Assert.Equal(7_000, site.RowsSent(audience, CallKind.Subscribe)); // that one batch twice
    }

    [Theory]
    [StoreData]
    public async Task A_stop_breaks_off_a_download_that_nobody_reads_and_gives_its_syncs_back(StoreKind store)
    {
        // Nobody would wait for a lease of that length.
        var site = await SiteAsync(store, ("Iterable__MaxInFlight", "2"), ("Iterable__AttemptTimeout", "00:00:20"));
        var (full, running) = (await site.AudienceAsync("full"), await site.AudienceAsync("running"));
        var past = (string)(await site.SyncAsync(full, Rows.Of(0, 100_000)))["id"]!;
        site.World.Behaviour = site.World.Behaviour with { DelayMs = 400 };
        var sync = await site.PushAsync(running, Rows.Of(0, 10_000));
        await site.SyncUntilAsync(running, sync, s => (long)s["report"]!["progress"]!["sent"]! >= 2_000);
        using var download = await site.DownloadAsync($"/v2/retl-connections/{full.Connection}/syncs/{past}/records");

        var watch = Stopwatch.StartNew();
        Assert.Equal(0, await site.Service.StopAsync());
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10), $"The stop took {watch.Elapsed}: {site.Service.OutputText}");
        await Assert.ThrowsAnyAsync<Exception>(() => download.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)); // half of it doesn't look like all

        site.World.Behaviour = site.World.Behaviour with { DelayMs = 0 };
        await site.StartAsync();
        Assert.Equal("completed", (string)(await site.ClosedAsync(running, sync))["outcome"]!);
        Assert.Equal(10_000, site.RowsSent(running, CallKind.Subscribe)); // nothing twice
    }

    [Theory]
    [StoreData]
    public async Task A_stop_while_a_body_comes_in_ends_the_push_and_says_so(StoreKind store)
    {
        var site = await SiteAsync(store);
        var audience = await site.AudienceAsync("half");
        var path = $"/v2/retl-connections/{audience.Connection}/syncs";
        using var body = new HalfBody(Rows.Of(0, 10));
        var push = site.SendAsync(HttpMethod.Post, path, body);
        var running = await Until.AsyncIs("a push begins", async () => (await site.GetAsync(path))["syncs"]!.AsArray().SingleOrDefault(), s => s is not null);

        var watch = Stopwatch.StartNew();
        Assert.Equal(0, await site.Service.StopAsync());
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(15), $"The stop took {watch.Elapsed}: {site.Service.OutputText}");
        body.BreakOff();
        await Assert.ThrowsAnyAsync<Exception>(() => push);

        await site.StartAsync();
        var end = await site.ClosedAsync(audience, (string)running!["id"]!);
        Assert.Equal("aborted", (string)end["outcome"]!);
        Assert.Contains("The service stopped while the body was coming in", (string)end["error"]!, StringComparison.Ordinal);
    }

    [Theory]
    [StoreData]
    public async Task A_stop_while_the_body_of_a_repeated_key_comes_in_does_not_wait_for_the_rest_of_it(StoreKind store)
    {
        var site = await SiteAsync(store);
        var audience = await site.AudienceAsync("repeated");
        var path = $"/v2/retl-connections/{audience.Connection}/syncs";
        using var first = await site.SendAsync(HttpMethod.Post, path, Site.Body(Rows.Of(0, 10)), idempotencyKey: "once");
        var sync = await site.ClosedAsync(audience, (string)(await site.GetAsync(path))["syncs"]![0]!["id"]!);
        using var again = await RawPush.BeginAsync(site.Service.Address, path, "once", Rows.Of(0, 5));

        var watch = Stopwatch.StartNew();
        Assert.Equal(0, await site.Service.StopAsync());
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(15), $"The stop took {watch.Elapsed}: {site.Service.OutputText}");
        var answer = await again.AnswerAsync();
        Assert.StartsWith("HTTP/1.1 503", answer, StringComparison.Ordinal);
        Assert.Contains((string)sync["id"]!, answer, StringComparison.Ordinal);
    }
}
