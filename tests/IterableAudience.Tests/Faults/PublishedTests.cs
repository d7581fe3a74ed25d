using IterableAudience.Simulator.Api;
using Xunit;

namespace IterableAudience.Tests.Faults;

/// <summary>What is published is what runs: started as an operator starts it, with a handful of documented settings.</summary>
public sealed class PublishedTests : ProcessTest
{
    [Fact]
    public async Task Of_2501_inserts_and_1001_deletes_become_three_subscribes_and_two_unsubscribes_and_a_stop_ends_it_well()
    {
        var site = Own(await Site.StartPublishedAsync(Folder, Watch));
        var audience = await site.AudienceAsync("published");
        await site.SyncAsync(audience, Rows.Of(10_000, 2_500)); // of so many the guard lets that many leave
        var before = site.Calls(audience, CallKind.Subscribe).Count();

        var done = await site.SyncAsync(audience, Rows.Of(0, 2_501).Delete(10_000, 1_001));

        Assert.Equal("completed", (string)done["outcome"]!);
        var joiners = site.Calls(audience, CallKind.Subscribe).Skip(before).ToList();
        var leavers = site.Calls(audience, CallKind.Unsubscribe).ToList();
        Assert.Equal([501, 1_000, 1_000], joiners.Select(c => c.Count).Order());
        Assert.Equal([1, 1_000], leavers.Select(c => c.Count).Order());
        Assert.All(joiners, j => Assert.All(leavers, l => Assert.True(j.At >= l.AnsweredAt)));
        Assert.Equal(2_500 + 2_501 - 1_001, site.Members(audience).Count);
        Assert.Equal(0, await site.Service.StopAsync());
        Assert.Empty(site.Service.Error);
    }
}
