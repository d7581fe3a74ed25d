using IterableAudience.Records;
using Xunit;

namespace IterableAudience.Tests.Plan;

/// <summary>A plan is what its hash names: the same records give the same plan, also in another process.</summary>
public sealed class PlanHashTests
{
    [Fact]
    public async Task The_same_records_give_the_same_plan_also_after_a_restart()
    {
        var records = new[] { 3, 1, 2, 3 }.Select((n, i) => new PushedRecord("insert", $"k{i}", $"e{n}@example.com", $"u{n}").Line()).ToArray();
        var first = new ScenarioHost(keepFolder: true);
        try
        {
            string connection, hash;
            await using (first)
            {
                var (id, list) = first.Iterable.Add();
                connection = await first.ConnectAsync(ProjectType.Hybrid, 0, id);
                hash = (string)(await first.PushAsync(connection, records, dryRun: true))["planHash"]!;
                Assert.NotEqual(hash, (string?)(await first.PushAsync(connection, records[1..], dryRun: true))["planHash"]);
                Assert.Empty(list.Requests);
            }

            await using var second = new ScenarioHost(first.Folder);
            Assert.Equal(hash, (string?)(await second.PushAsync(connection, records, dryRun: true))["planHash"]);
        }
        finally
        {
            Directory.Delete(first.Folder, recursive: true);
        }
    }

    [Theory]
    [InlineData(ProjectType.EmailBased, false)]
    [InlineData(ProjectType.UserIdBased, false)]
    [InlineData(ProjectType.Hybrid, false)]
    [InlineData(ProjectType.Hybrid, true)]
    public async Task The_short_way_for_keys_that_come_alone_gives_the_plan_of_the_rules(ProjectType type, bool ignoreUnknownDeletes)
    {
        var records = Mixed(600);
        var first = new ScenarioHost(keepFolder: true);
        try
        {
            string connection;
            (string Hash, string Outcomes) shortWay;
            await using (first)
            {
                var (id, _) = first.Iterable.Add();
                connection = await first.ConnectAsync(type, 0, id, ignoreUnknownDeletes);
                await first.PushAsync(connection, Mixed(40)); // some keys are known
                shortWay = await PlanAsync(first);
            }

            await using var second = new ScenarioHost(first.Folder, rulesOnly: true);
            Assert.Equal(shortWay, await PlanAsync(second));

            async Task<(string, string)> PlanAsync(ScenarioHost host)
            {
                var plan = await host.PushAsync(connection, records, dryRun: true);
                return ((string)plan["planHash"]!, plan["report"]!["outcomes"]!.ToJsonString() + plan["report"]!["reasons"]?.ToJsonString());
            }
        }
        finally
        {
            Directory.Delete(first.Folder, recursive: true);
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
