using System.Globalization;
using System.Text;
using IterableAudience.Benchmarks.Push;

namespace IterableAudience.Benchmarks.Pace;

/// <summary>
/// <c>pace --seconds 60 --programs out/bench --out report.md</c>: how much of a project's rate syncs use, and how often they are throttled. With
/// <c>--store Sqlite</c> or <c>PostgreSql</c>, and <c>--budget 25</c> or <c>--allowed 10</c>, only the cases of that kind.
/// </summary>
internal static class PaceCommand
{
    private static readonly PaceCase[] Cases =
    [
        new(OnPostgres: false, Nodes: 1, Budget: 5, Allowed: 5),
        new(OnPostgres: false, Nodes: 1, Budget: 25, Allowed: 25),
        new(OnPostgres: false, Nodes: 1, Budget: 25, Allowed: 10),
        new(OnPostgres: true, Nodes: 2, Budget: 5, Allowed: 5),
        new(OnPostgres: true, Nodes: 2, Budget: 25, Allowed: 25),
        new(OnPostgres: true, Nodes: 2, Budget: 25, Allowed: 10),
    ];

    public static async Task<int> RunAsync(Arguments arguments, CancellationToken cancellation)
    {
        var seconds = arguments.Number("seconds", 60);
        var programs = arguments.Text("programs") ?? Programs.DefaultFolder;
        var page = new StringBuilder();
        page.AppendLine("# The pace of requests").AppendLine();
        page.AppendLine("Made by `scripts/bench.sh pace`; not edited by hand.").AppendLine();
        foreach (var line in Machine.Describe())
        {
            page.Append("- ").AppendLine(line);
        }

        page.AppendLine().AppendLine(CultureInfo.InvariantCulture, $"""
            Pushes that are large enough for about {seconds} s at their pace, one a node, to lists of one project; every answer takes {PaceCase.LatencyMs} ms. What the project allows is a token bucket at the
            simulator, with room for a second's worth; where it allows less than the budget, for two. *Used*: accepted requests from the first to the last, of those that the project
            allows in that time. *Above R·t + 1*: by how many starts the worst stretch of time breaks the budget. *Throttled later*: the share of 429s among the requests after the
            first {PaceResult.Learning.TotalSeconds:0} s, counted at the simulator.

            | Store | Nodes | Budget, requests/s | Project allows | Requests | Seconds | Used | Above R·t + 1 | 429s | Throttled later |
            |---|--:|--:|--:|--:|--:|--:|--:|--:|--:|
            """);
        var stores = arguments.Text("store") is null ? [false, true] : new[] { arguments.OnPostgres() };
        var (budget, allowed) = (arguments.Number("budget", 0), arguments.Number("allowed", 0));
        foreach (var one in Cases.Where(c => stores.Contains(c.OnPostgres) && (budget == 0 || c.Budget == budget) && (allowed == 0 || c.Allowed == allowed)))
        {
            var result = await one.RunAsync(programs, seconds, cancellation);
            var row = string.Create(
                CultureInfo.InvariantCulture,
                $"| {(one.OnPostgres ? "PostgreSQL" : "SQLite")} | {one.Nodes} | {one.Budget} | {one.Allowed} | {result.Wire.Count} | {result.Seconds:0.0} | {result.Used(one.Allowed):P1} | {result.Above(one.Budget):0.00} | {result.Throttled} | {result.ThrottledLater:P1} |");
            System.Console.WriteLine(row);
            page.AppendLine(row);
        }

        if (arguments.Text("out") is { } path)
        {
            await File.WriteAllTextAsync(path, page.ToString(), cancellation);
        }

        return 0;
    }
}
