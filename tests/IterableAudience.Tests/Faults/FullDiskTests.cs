using System.Diagnostics;
using System.Text.Json.Nodes;
using IterableAudience.Simulator.Api;
using Xunit;

namespace IterableAudience.Tests.Faults;

/// <summary>No room for the store: syncs pause, nothing is lost, and when there is room again they go on.</summary>
public sealed class FullDiskTests : ProcessTest
{
    private const int People = 20_000;

    [Fact]
    public async Task A_sync_that_meets_a_full_disk_pauses_and_goes_on_when_there_is_room()
    {
        var disk = Path.Combine(Folder, "disk");
        Directory.CreateDirectory(disk);
        // The next test does the same without a disk of its own, wherever this one can't run.
        Assert.SkipUnless(Run("mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", disk), "This user can't mount a small disk");
        try
        {
            var site = await SiteAsync(("ConnectionStrings__Store", $"Data Source={disk}/store.db"), ("Iterable__MaxInFlight", "2"));
            await GoesOnAsync(site, fill: () => Fill(disk), meanwhile: () => RefusesAsync(site), makeRoom: () => File.Delete(Path.Combine(disk, "filler")));
            await site.Service.StopAsync();
        }
        finally
        {
            Run("umount", "-l", disk);
        }
    }

    [Fact]
    public async Task A_sync_whose_store_may_not_grow_pauses_and_goes_on_when_it_may()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux can limit the files of a running process");
        var site = await SiteAsync(("Iterable__MaxInFlight", "2"));
        await site.Service.StopAsync();
        await site.StartLimitableAsync();
        await GoesOnAsync(site, fill: () => site.Service.LimitFiles(1024 * 1024), meanwhile: () => Task.CompletedTask, makeRoom: () => site.Service.LimitFiles(null));
    }

    [Fact]
    public async Task A_push_that_finds_no_room_is_refused_and_ends_when_there_is_room_again()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux can limit the files of a running process");
        var site = await SiteAsync();
        await site.Service.StopAsync();
        await site.StartLimitableAsync();
        var audience = await site.AudienceAsync("no room");
        var path = $"/v2/retl-connections/{audience.Connection}/syncs";

        site.Service.LimitFiles(2 * 1024 * 1024);
        using var refused = await site.SendAsync(HttpMethod.Post, path, Site.Body(Rows.Of(0, 50_000)), idempotencyKey: "once");
        Assert.Equal(503, (int)refused.StatusCode);
        Assert.Equal("application/problem+json", refused.Content.Headers.ContentType!.MediaType);
        site.Service.LimitFiles(null);

        var end = await Until.AsyncIs("the push ends", async () => (await site.GetAsync(path))["syncs"]!.AsArray().Single()!, s => (string)s["phase"]! == "closed");
        Assert.Equal("aborted", (string)end["outcome"]!);
        Assert.NotEmpty((string)end["error"]!);
        Assert.Equal((long)end["report"]!["received"]!["total"]!, end["report"]!["outcomes"]!.AsObject().Sum(o => (long)o.Value!));
        Assert.Empty(site.Calls(audience, CallKind.Subscribe));

        using var again = await site.SendAsync(HttpMethod.Post, path + "?wait=60", Site.Body(Rows.Of(0, People)), idempotencyKey: "once");
        Assert.Equal(200, (int)again.StatusCode);
        Assert.Equal(People, site.Members(audience).Count);
    }

    private static async Task GoesOnAsync(Site site, Action fill, Func<Task> meanwhile, Action makeRoom)
    {
        var audience = await site.AudienceAsync("full disk");
        site.World.Behaviour = site.World.Behaviour with { DelayMs = 50 };
        var sync = await site.PushAsync(audience, Rows.Of(0, People));
        await Until.Is("a batch is on the wire", () => site.Calls(audience, CallKind.Subscribe).Any());
        fill();
        await Until.Is("the sync pauses", () => site.Service.Output.Any(l => l.Contains("The sync pauses", StringComparison.Ordinal)));

        Assert.Equal("running", (string)(await site.GetSyncAsync(audience, sync))["status"]!);
        await meanwhile();

        makeRoom();
        var end = await site.ClosedAsync(audience, sync);
        Assert.Equal("completed", (string)end["outcome"]!);
        Assert.Equal(People, (long)end["report"]!["outcomes"]!["subscribed"]!);
        Assert.Equal(People, site.Members(audience).Count);
        Assert.Equal(People, site.Ledger(audience).Count(l => l.StartsWith("member", StringComparison.Ordinal)));
    }

    /// <summary>What can't be taken now is refused as trouble of the store, not as a bug, and the service is not ready.</summary>
    private static async Task RefusesAsync(Site site)
    {
        using var ready = await site.SendAsync(HttpMethod.Get, "/health/ready", null);
        Assert.Equal(503, (int)ready.StatusCode);
        using var refused = await site.SendAsync(HttpMethod.Post, "/v2/tokens", new StringContent("""{"name":"x","role":"viewer"}""", null, "application/json"));
        Assert.Equal(503, (int)refused.StatusCode);
        Assert.DoesNotContain(site.Service.Output, l => l.Contains("nobody expected", StringComparison.Ordinal));
    }

    /// <summary>Writes until nothing more fits.</summary>
    private static void Fill(string disk)
    {
        using var filler = new FileStream(Path.Combine(disk, "filler"), FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        var block = new byte[4_096];
        try
        {
            while (true)
                filler.Write(block);
        }
        catch (IOException)
        {
            // full
        }
    }

    private static bool Run(string program, params IReadOnlyList<string> arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false; // no such program
        }
    }
}
