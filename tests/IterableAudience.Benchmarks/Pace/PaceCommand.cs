using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using IterableAudience.Benchmarks.Generator;
using IterableAudience.Benchmarks.Push;
using IterableAudience.Demo.Driving;

namespace IterableAudience.Benchmarks.Pace;

/// <summary><c>pace --seconds 60 --programs out/bench --out report.md</c>: how much of a project's rate a sync uses, and how often it is throttled.</summary>
internal static class PaceCommand
{
    /// <summary>What Iterable allows is found out in this time.</summary>
    private static readonly TimeSpan Learning = TimeSpan.FromSeconds(10);

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
            One push each, large enough for about {seconds} s at its pace; every answer takes 100 ms. Used: requests from the first to the last start, of those that the rate allows in that time.
            *Throttled later* is the share of 429s among the requests after the first {Learning.TotalSeconds:0} s.

            | Budget, requests/s | Project allows | Requests | Seconds | Used | 429s | Throttled later |
            |--:|--:|--:|--:|--:|--:|--:|
            """);
        foreach (var (budget, allowed) in new[] { (5, 0), (25, 0), (25, 10) })
        {
            var rate = allowed > 0 ? allowed : budget;
            var requests = await RunAsync(programs, budget, allowed, rate * seconds * 1000, cancellation);
            var span = (requests[^1].At - requests[0].At).TotalSeconds;
            var later = requests.FindAll(r => r.At - requests[0].At > Learning);
            var accepted = requests.Count(r => !r.Throttled);
            page.AppendLine(CultureInfo.InvariantCulture, $"| {budget} | {(allowed > 0 ? allowed : "as much")} | {requests.Count} | {span:0.0} | {(accepted - 1) / span / rate:P1} | {requests.Count - accepted} | {(later.Count == 0 ? 0 : (double)later.Count(r => r.Throttled) / later.Count):P1} |");
        }

        Console.WriteLine(page);
        if (arguments.Text("out") is { } path)
        {
            await File.WriteAllTextAsync(path, page.ToString(), cancellation);
        }

        return 0;
    }

    private static async Task<List<LoggedRequest>> RunAsync(string programs, int budget, int allowed, int records, CancellationToken cancellation)
    {
        var (service, simulator) = Programs.In(programs);
        var settings = new Dictionary<string, string> { ["Iterable__RequestsPerSecond"] = budget.ToString(CultureInfo.InvariantCulture), ["Iterable__MaxInFlight"] = "8" };
        await using var installation = await Installation.StartAsync(service, simulator, settings, cancellation);
        var setup = await Setup.MakeAsync(installation.Service, "Pace", cancellation);
        using var control = new JsonClient(installation.SimulatorAddress);
        await control.PostAsync("/_sim/settings", new JsonObject { ["delayMs"] = 100, ["requestsPerSecond"] = allowed }, cancellation);
        var file = Path.GetTempFileName();
        try
        {
            await using (var stream = File.Create(file))
            {
                await NdjsonWriter.WriteAsync(stream, new RecordGenerator(7).Take(records), cancellation);
            }

            var sync = await installation.Service.PushAsync(setup.ConnectionId, file, cancellation);
            return await installation.Service.RequestsAsync(setup.ConnectionId, (string)sync["id"]!, cancellation);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
