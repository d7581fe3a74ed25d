using System.Text.Json.Nodes;
using IterableAudience.Tests.Stores;
using Xunit;

namespace IterableAudience.Tests.Faults;

/// <summary>How long syncs still take, on two nodes that share the rate of one project: the same on whichever is asked.</summary>
public sealed class NodeEstimateTests : ProcessTest
{
    [PostgresFact]
    public async Task Syncs_of_other_nodes_count_and_every_node_has_an_estimate_from_the_start()
    {
        // One request in five seconds, and none is answered.
        var first = await SiteAsync(StoreKind.PostgreSql, ("Iterable__RequestsPerSecond", "0.2"), ("Iterable__AttemptTimeout", "00:01:00"));
        var second = Own(await first.NodeAsync());
        var (one, other) = (await first.AudienceAsync("one"), await first.AudienceAsync("other"));
        var behind = await first.AlsoAsync(one);
        first.World.Behaviour = first.World.Behaviour with { DelayMs = 600_000 };

        var sync = await first.PushAsync(one, Rows.Of(0, 10_000));
        Assert.NotNull((await ProgressAsync(second, one, sync)).Eta); // it came with the 202
        foreach (var node in new[] { first, second })
            await UntilAsync(node, one, sync, p => p is { Eta: 50, LimitedBy: "iterable" });

        // Another list: both take turns.
        var beside = await second.PushAsync(other, Rows.Of(0, 10_000));
        Assert.NotNull((await ProgressAsync(first, other, beside)).Eta);
        foreach (var node in new[] { first, second })
        {
            await UntilAsync(node, one, sync, p => p is { Eta: 100, LimitedBy: "iterable" });
            await UntilAsync(node, other, beside, p => p is { Eta: 100, LimitedBy: "iterable" });
        }

        // The same list: its ten go first, and one of the other one's in turn.
        var queued = await second.PushAsync(behind, Rows.Of(0, 1_000));
        Assert.NotNull((await ProgressAsync(first, behind, queued)).Eta);
        foreach (var node in new[] { first, second })
        {
            await UntilAsync(node, behind, queued, p => p is { Eta: 60, LimitedBy: "store" });
            await UntilAsync(node, other, beside, p => p.Eta == 105);
            Assert.Equal(100, (await ProgressAsync(node, one, sync)).Eta); // it goes before
        }
    }

    private static async Task<Progress> ProgressAsync(Site node, Audience audience, string sync) => Read(await node.GetSyncAsync(audience, sync));

    private static Task<JsonNode> UntilAsync(Site node, Audience audience, string sync, Func<Progress, bool> wanted)
        => node.SyncUntilAsync(audience, sync, s => wanted(Read(s)));

    private static Progress Read(JsonNode sync)
        => new((long?)sync["report"]!["progress"]!["etaSeconds"], (string)sync["report"]!["progress"]!["limitedBy"]!);

    private sealed record Progress(long? Eta, string LimitedBy);
}
