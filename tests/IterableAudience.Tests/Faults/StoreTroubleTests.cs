using IterableAudience.Store;
using Xunit;

namespace IterableAudience.Tests.Faults;

/// <summary>A store that can't be used: at start it is said and nothing is touched; later the service waits.</summary>
public sealed class StoreTroubleTests : ProcessTest
{
    private string StoreFile => Path.Combine(Folder, "store.db");

    [Fact]
    public async Task A_folder_where_the_store_should_be_stops_the_start()
    {
        Directory.CreateDirectory(StoreFile);
        await ShouldRefuseToStartAsync("names a folder");
    }

    [Fact]
    public async Task A_lock_file_that_can_not_be_written_stops_the_start()
    {
        Directory.CreateDirectory(StoreFile + ".lock");
        await ShouldRefuseToStartAsync("can't be written");
    }

    [Fact]
    public async Task A_store_that_was_cut_in_half_stops_the_start_and_is_left_as_it_is()
    {
        var service = Watch(ServiceProcess.Start(Folder, Settings()));
        await service.ReadyAsync();
        Assert.Equal(0, await service.StopAsync());
        await using (var file = File.OpenWrite(StoreFile))
            file.SetLength(file.Length / 2);
        var left = await File.ReadAllBytesAsync(StoreFile, TestContext.Current.CancellationToken);

        await ShouldRefuseToStartAsync("Restore it from a backup");

        Assert.Equal(left, await File.ReadAllBytesAsync(StoreFile, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task While_another_program_locks_the_store_the_service_waits_and_goes_on()
    {
        var site = await SiteAsync();
        var audience = await site.AudienceAsync("locked");
        await site.SyncAsync(audience, Rows.Of(0, 10));

        Task<string> push;
        await using (var other = site.OpenStore())
        {
            other.Run("BEGIN IMMEDIATE");
            push = site.PushAsync(audience, Rows.Of(10, 3_000));
            // Reading goes on meanwhile.
            for (var i = 0; i < 20; i++)
            {
                using var ready = await site.SendAsync(HttpMethod.Get, "/health/ready", null);
                Assert.Equal(200, (int)ready.StatusCode);
                await site.GetAsync($"/v2/retl-connections/{audience.Connection}/syncs");
            }

            Assert.False(push.IsCompleted);
            other.Run("ROLLBACK");
        }

        var end = await site.ClosedAsync(audience, await push);
        Assert.Equal("completed", (string)end["outcome"]!);
        Assert.Equal(3_010, site.Members(audience).Count);
    }

    private async Task ShouldRefuseToStartAsync(string says)
    {
        var service = Watch(ServiceProcess.Start(Folder, Settings()));
        Assert.Equal(1, await service.EndAsync());
        Assert.True(service.ErrorText.Contains(says, StringComparison.Ordinal), service.ErrorText);
        Assert.DoesNotContain("   at ", service.ErrorText, StringComparison.Ordinal);
    }
}
