using System.Diagnostics;
using System.Text.Json.Nodes;
using IterableAudience.Simulator.Api;
using Xunit;

namespace IterableAudience.Tests.Faults;

/// <summary>No room for the store: syncs pause, nothing is lost, and when there is room again they go on.</summary>
public sealed class FullDiskTests : ProcessTest
{
    private const int People = 20_000;

    [Fact(Explicit = true)]
    public async Task A_sync_that_meets_a_full_disk_pauses_and_goes_on_when_there_is_room()
    {
        var disk = Path.Combine(Folder, "disk");
        Directory.CreateDirectory(disk);
        // The next test does the same without a disk of its own, wherever this one can't run.
        Assert.SkipUnless(Run("mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", disk), "This user can't mount a small disk");
        try
        {
            var site = await SiteAsync(("ConnectionStrings__Store", $"Data Source={disk}/store.db"), ("Iterable__MaxInFlight", "2"));
            await GoesOnAsync(site, fill: () => Fill(disk), makeRoom: () => File.Delete(Path.Combine(disk, "filler")));
            await site.Service.StopAsync();
        }
        finally
        {
            Run("umount", "-l", disk);
        }
    }

    [Fact(Explicit = true)]
    public async Task A_store_that_may_not_grow_pauses_a_sync_until_it_may()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "File size limits are Unix's");
        var site = await SiteAsync(("Iterable__MaxInFlight", "2"));
        var audience = await site.AudienceAsync("first");
        await site.Service.StopAsync();
        await site.StartWithFileLimitAsync(kilobytes: 1_024);

        using var push = await site.SendAsync(HttpMethod.Post, $"/v2/retl-connections/{audience.Connection}/syncs", Site.Body(Rows.Of(0, 100_000)));
        Assert.Equal(503, (int)push.StatusCode);
        site.Service.LiftFileLimit();
        await EndsAsAbortedAsync(site, audience);
        Assert.Equal("completed", (string)(await site.SyncAsync(audience, Rows.Of(0, People)))["outcome"]!);
        Assert.Equal(People, site.Members(audience).Count);
    }

    private static async Task GoesOnAsync(Site site, Action fill, Action makeRoom)
    {
        var audience = await site.AudienceAsync("full disk");
        site.World.Behaviour = site.World.Behaviour with { DelayMs = 50 };
        var sync = await site.PushAsync(audience, Rows.Of(0, People));
        await Until.Is("a batch is on the wire", () => site.Calls(audience, CallKind.Subscribe).Any());
        fill();
        await Until.Is("the sync pauses", () => site.Service.Output.Any(l => l.Contains("The sync pauses", StringComparison.Ordinal)));

        // Reading goes on; what can't be taken now is refused as trouble of the store, not as a bug.
        Assert.Equal("running", (string)(await site.GetSyncAsync(audience, sync))["status"]!);
        using var refused = await site.SendAsync(HttpMethod.Post, "/v2/tokens", new StringContent("""{"name":"x","role":"viewer"}""", null, "application/json"));
        Assert.Equal(503, (int)refused.StatusCode);

        makeRoom();
        var end = await site.ClosedAsync(audience, sync);
        Assert.Equal("completed", (string)end["outcome"]!);
        Assert.Equal(People, (long)end["report"]!["outcomes"]!["subscribed"]!);
        Assert.Equal(People, site.Members(audience).Count);
        Assert.Equal(People, site.Ledger(audience).Count(l => l.StartsWith("member", StringComparison.Ordinal)));
    }

    private static async Task EndsAsAbortedAsync(Site site, Audience audience)
    {
        var path = $"/v2/retl-connections/{audience.Connection}/syncs";
        var end = await Until.AsyncIs("the push ends", async () => (await site.GetAsync(path))["syncs"]!.AsArray().Single()!, s => (string)s["phase"]! == "closed");
        Assert.Equal("aborted", (string)end["outcome"]!);
        Assert.NotEmpty((string)end["error"]!);
        Assert.Equal((long)end["report"]!["received"]!["total"]!, end["report"]!["outcomes"]!.AsObject().Sum(o => (long)o.Value!));
        Assert.Empty(site.Calls(audience, CallKind.Subscribe));
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
