using IterableAudience.Records;
using IterableAudience.Tests.Stores;
using Xunit;

namespace IterableAudience.Tests.Plan;

/// <summary>A plan is what its hash names: the same records give the same plan, also in another process.</summary>
public sealed class PlanHashTests
{
    [Theory]
    [StoreData]
    public async Task The_same_records_give_the_same_plan_also_after_a_restart(StoreKind store)
    {
        var records = new[] { 3, 1, 2, 3 }.Select((n, i) => new PushedRecord("insert", $"k{i}", $"e{n}@example.com", $"u{n}").Line()).ToArray();
        await using var first = new ScenarioHost(store);
        var (id, list) = first.Iterable.Add();
        var connection = await first.ConnectAsync(ProjectType.Hybrid, 0, id);
        var hash = (string)(await first.PushAsync(connection, records, dryRun: true))["planHash"]!;
        Assert.NotEqual(hash, (string?)(await first.PushAsync(connection, records[1..], dryRun: true))["planHash"]);
        Assert.Empty(list.Requests);
        await first.StopAsync();

        await using var second = new ScenarioHost(store, former: first);
        Assert.Equal(hash, (string?)(await second.PushAsync(connection, records, dryRun: true))["planHash"]);
    }

    [Theory]
    [StoreData(ProjectType.EmailBased, false)]
    [StoreData(ProjectType.UserIdBased, false)]
    [StoreData(ProjectType.Hybrid, false)]
    [StoreData(ProjectType.Hybrid, true)]
    public async Task The_short_way_for_keys_that_come_alone_gives_the_plan_of_the_rules(StoreKind store, ProjectType type, bool ignoreUnknownDeletes)
    {
        var records = Mixed(600);
        await using var first = new ScenarioHost(store);
        var (id, _) = first.Iterable.Add();
        var connection = await first.ConnectAsync(type, 0, id, ignoreUnknownDeletes);
        await first.PushAsync(connection, Mixed(40)); // some keys are known
        var shortWay = await PlanAsync(first);
        await first.StopAsync();

        await using var second = new ScenarioHost(store, former: first, rulesOnly: true);
        Assert.Equal(shortWay, await PlanAsync(second));

        async Task<(string, string)> PlanAsync(ScenarioHost host)
        {
            var plan = await host.PushAsync(connection, records, dryRun: true);
            return ((string)plan["planHash"]!, plan["report"]!["outcomes"]!.ToJsonString() + plan["report"]!["reasons"]?.ToJsonString());
        }
    }

    /// <summary>Records of every make: with and without key, with one identifier or both, good and bad, alone and repeated, and people who meet.</summary>
    private static string[] Mixed(int count)
    {
        string[] actions = ["insert", "update", "delete"];
        return [.. Enumerable.Range(0, count).Select(i => new PushedRecord(
            actions[i * 7 % 3],
            i % 5 == 0 ? null : $"k{(i % 11 == 0 ? i / 2 : i)}",
            (i % 4) switch { 0 => null, 1 when i % 13 == 1 => "bad@", _ => $"e{i * 3 / 4}@example.com" },
            (i % 6) switch { 1 => null, 2 when i % 17 == 2 => " bad ", _ => $"u{i * 5 / 6}" }).Line())];
    }
}
