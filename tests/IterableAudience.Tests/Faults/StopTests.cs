using System.Diagnostics;
using IterableAudience.Simulator.Api;
using Xunit;

namespace IterableAudience.Tests.Faults;

/// <summary>SIGTERM: what is on the wire is still recorded, and the next start goes on.</summary>
public sealed class StopTests : ProcessTest
{
    [Fact(Explicit = true)]
    public async Task A_stop_while_sending_records_what_is_on_the_wire_and_the_next_start_sends_the_rest()
    {
        var site = await SiteAsync(("Iterable__MaxInFlight", "2"));
        var audience = await site.AudienceAsync("stopped");
        site.World.Behaviour = site.World.Behaviour with { DelayMs = 500 };

        // Clients that wait for the end of the sync must not hold up the stop.
        var sync = await site.PushAsync(audience, Rows.Of(0, 10_000));
        var waiting = site.SendAsync(HttpMethod.Post, $"/v2/retl-connections/{audience.Connection}/syncs?wait=60", Site.Body(Rows.Of(0, 1)));
        using var events = await site.SendAsync(
            HttpMethod.Get, $"/v2/retl-connections/{audience.Connection}/syncs/{sync}/events", null, completion: HttpCompletionOption.ResponseHeadersRead);
        await Until.Is("batches are on the wire", () => site.Calls(audience, CallKind.Subscribe).Count(c => c.AnsweredAt is not null) >= 2);
        using var refused = await waiting;
        Assert.Equal(409, (int)refused.StatusCode);

        var watch = Stopwatch.StartNew();
        Assert.Equal(0, await site.Service.StopAsync());
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(15), $"The stop took {watch.Elapsed}");
        var sentBefore = site.RowsSent(audience, CallKind.Subscribe);
        Assert.InRange(sentBefore, 2_000, 9_000);

        site.World.Behaviour = site.World.Behaviour with { DelayMs = 0 };
        await site.StartAsync();
        var end = await site.ClosedAsync(audience, sync);

        Assert.Equal("completed", (string)end["outcome"]!);
        Assert.Equal(10_000, (long)end["report"]!["outcomes"]!["subscribed"]!);
        Assert.Equal(10_000, site.Members(audience).Count);
        Assert.Equal(10_000, site.RowsSent(audience, CallKind.Subscribe));
    }

    [Fact(Explicit = true)]
    public async Task A_stop_ends_a_push_that_waits_for_its_sync()
    {
        var site = await SiteAsync(("Iterable__MaxInFlight", "1"));
        var audience = await site.AudienceAsync("waited for");
        site.World.Behaviour = site.World.Behaviour with { DelayMs = 300 };
        var push = site.SendAsync(HttpMethod.Post, $"/v2/retl-connections/{audience.Connection}/syncs?wait=60", Site.Body(Rows.Of(0, 100_000)));
        await Until.Is("a batch is on the wire", () => site.Calls(audience, CallKind.Subscribe).Any());

        var watch = Stopwatch.StartNew();
        Assert.Equal(0, await site.Service.StopAsync());
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(15), $"The stop took {watch.Elapsed}");

        // The records are staged, so it is a promise.
        using var answer = await push;
        Assert.Equal(202, (int)answer.StatusCode);
    }

    [Fact(Explicit = true)]
    public async Task A_stop_while_a_body_comes_in_ends_the_push_and_says_so()
    {
        var site = await SiteAsync();
        var audience = await site.AudienceAsync("half");
        var path = $"/v2/retl-connections/{audience.Connection}/syncs";
        var push = site.SendAsync(HttpMethod.Post, path, new HalfBody(Rows.Of(0, 10)));
        var running = await Until.AsyncIs("a push begins", async () => (await site.GetAsync(path))["syncs"]!.AsArray().SingleOrDefault(), s => s is not null);

        var watch = Stopwatch.StartNew();
        Assert.Equal(0, await site.Service.StopAsync());
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(15), $"The stop took {watch.Elapsed}");
        await Task.WhenAny(push);

        await site.StartAsync();
        var end = await site.ClosedAsync(audience, (string)running!["id"]!);
        Assert.Equal("aborted", (string)end["outcome"]!);
        Assert.Contains("The service stopped while the body was coming in", (string)end["error"]!, StringComparison.Ordinal);
    }
}
