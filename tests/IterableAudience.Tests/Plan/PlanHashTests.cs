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
}
