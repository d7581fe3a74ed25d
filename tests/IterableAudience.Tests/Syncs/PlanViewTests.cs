using System.Net;
using System.Text.Json.Nodes;
using IterableAudience.Tests.Stores;
using Xunit;

namespace IterableAudience.Tests.Syncs;

/// <summary>What is shown of a plan before it is approved.</summary>
public sealed class PlanViewTests(SyncHosts syncs) : IClassFixture<SyncHosts>
{
    [Theory]
    [StoreData]
    public async Task A_dry_run_says_what_it_would_do_and_whether_the_guard_would_hold_it(StoreKind store)
    {
        var audience = await syncs.On(store).AudienceAsync(more: ""","syncSettings":{"guard":{"maxRemovalPercent":10,"minRemovals":2}}""");
        await audience.PushAsync(Row.People(20));
        var plan = await audience.PushAsync("dryRun=true", [.. Row.Leavers(12), .. Row.People(3, from: 101), Row.Update(20, "other@example.com", "other"), Row.Insert(200, "nonsense")]);
        var view = (await audience.Host.GetAsync($"{audience.Url}/syncs/{plan.Id}/plan", "viewer")).ShouldBe(HttpStatusCode.OK);
        Assert.Equal(plan.PlanHash, view.Text("planHash"));
        Assert.Equal("""{"subscribe":4,"unsubscribe":13}""", view.At("operations")!.ToJsonString());
        Assert.Equal("""{"subscribe":1,"unsubscribe":1}""", view.At("requests")!.ToJsonString());
        Assert.Equal(1, (long)view.At("etaSeconds")!);
        Assert.True((bool)view.At("guard.wouldHold")!);
        Assert.Contains("13 of 20", view.Text("guard.why"), StringComparison.Ordinal);
        Assert.Equal(("10", "3", "1"), (Count(view, "delete"), Count(view, "insert"), Count(view, "update")));
        Assert.Equal("o…@example.com", (string)view.At("samples.update")![0]!["identifiers"]!["email"]!);
        var seen = await audience.Host.GetAsync($"{audience.Url}/syncs/{plan.Id}/plan", "operator");
        Assert.Equal("other@example.com", (string)seen.At("samples.update")![0]!["identifiers"]!["email"]!);

        (await audience.Host.GetAsync($"{audience.Url}/syncs/none/plan")).ShouldBeProblem(HttpStatusCode.NotFound, "sync");
        var held = await audience.PushAsync(Row.Leavers(12));
        Assert.Equal("held", held.Outcome);
        Assert.Equal("10", Count(await audience.Host.GetAsync($"{audience.Url}/syncs/{held.Id}/plan"), "delete"));
    }

    private static string Count(Answer view, string action) => ((JsonArray)view.At($"samples.{action}")!).Count.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
