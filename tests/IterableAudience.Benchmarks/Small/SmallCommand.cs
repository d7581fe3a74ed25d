using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using IterableAudience.Benchmarks.Generator;
using IterableAudience.Benchmarks.Push;
using IterableAudience.Demo.Driving;

namespace IterableAudience.Benchmarks.Small;

/// <summary>
/// <c>small --records 1000 --repetitions 200 --latency 100 --programs out/bench --out report.md</c>: small pushes, one after the other, to a service that
/// does nothing else and an Iterable that takes so many milliseconds for an answer.
/// </summary>
internal static class SmallCommand
{
    /// <summary>Not counted: a service that is idle is one that has been up for a while.</summary>
    private const int WarmUp = 20;

    public static async Task<int> RunAsync(Arguments arguments, CancellationToken cancellation)
    {
        var records = arguments.Number("records", 1000);
        var repetitions = arguments.Number("repetitions", 200);
        var latency = arguments.Number("latency", 100);
        var (service, simulator) = Programs.In(arguments.Text("programs") ?? Programs.DefaultFolder);
        await using var installation = await Installation.StartAsync(service, simulator, ServicePush.NoBrake, cancellation);
        var setup = await Setup.MakeAsync(installation.Service, "Small", cancellation);
        using var control = new JsonClient(installation.SimulatorAddress);
        await control.PostAsync("/_sim/settings", new JsonObject { ["delayMs"] = latency }, cancellation);
        var file = Path.GetTempFileName();
        try
        {
            List<double> whole = [], iterable = [], own = [];
            for (var run = -WarmUp; run < repetitions; run++)
            {
                await using (var stream = File.Create(file))
                {
                    // Rows and people that no push before had: else the guard would hold the plan, and nothing be sent.
                    await NdjsonWriter.WriteAsync(stream, new RecordGenerator(7, firstPerson: 1 + ((long)(WarmUp + run) * records)).Take(records), cancellation);
                }

                var watch = Stopwatch.StartNew();
                var sync = await installation.Service.PostNdjsonAsync($"/v2/retl-connections/{setup.ConnectionId}/syncs?syncType=incremental&wait=60", file, cancellation);
                var milliseconds = watch.Elapsed.TotalMilliseconds;
                if ((string?)sync["outcome"] is not ("completed" or "completed_with_failures"))
                {
                    throw new DemoException($"A small push didn't end well within a minute: {sync.ToJsonString()}");
                }

                var wire = Wire(await installation.Service.RequestsAsync(setup.ConnectionId, (string)sync["id"]!, cancellation));
                if (run >= 0)
                {
                    whole.Add(milliseconds);
                    iterable.Add(wire);
                    own.Add(milliseconds - wire);
                }
            }

            var report = Markdown(records, latency, whole, iterable, own);
            System.Console.WriteLine(report);
            if (arguments.Text("out") is { } path)
            {
                await File.WriteAllTextAsync(path, report, cancellation);
            }

            return 0;
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>Milliseconds in which at least one request was on the wire.</summary>
    private static double Wire(List<LoggedRequest> requests)
    {
        var (sum, end) = (0.0, DateTimeOffset.MinValue);
        foreach (var request in requests)
        {
            var (from, to) = (request.At > end ? request.At : end, request.At + request.Duration);
            sum += to > from ? (to - from).TotalMilliseconds : 0;
            end = to > end ? to : end;
        }

        return sum;
    }

    private static string Markdown(int records, int latency, List<double> whole, List<double> iterable, List<double> own)
    {
        var page = new StringBuilder();
        page.AppendLine("# Small pushes to an idle service").AppendLine();
        page.AppendLine("Made by `scripts/bench.sh small`; not edited by hand.").AppendLine();
        foreach (var line in Machine.Describe())
        {
            page.Append("- ").AppendLine(line);
        }

        page.AppendLine().AppendLine(CultureInfo.InvariantCulture, $"""
            {whole.Count} pushes of {records:N0} records each, one after the other ({WarmUp} before them are not counted), to one list with an SQLite store, from the first byte to the closed
            report (`wait=60`). The simulator holds every answer back for {latency} ms. *Iterable* is the time in which a request was on the wire: usually three, one after the
            other (deletes of strangers by userId, then by e-mail; subscribes). Asked for without it: 150 ms at the median, 400 ms at the 99th percentile.

            | | Median ms | p90 ms | p99 ms | Longest ms |
            |---|--:|--:|--:|--:|
            """);
        Row(page, "whole", whole);
        Row(page, "Iterable", iterable);
        Row(page, "without Iterable", own);
        return page.ToString();
    }

    private static void Row(StringBuilder page, string what, List<double> values)
    {
        var sorted = values.Order().ToList();
        page.AppendLine(CultureInfo.InvariantCulture, $"| {what} | {At(0.5):0.0} | {At(0.9):0.0} | {At(0.99):0.0} | {sorted[^1]:0.0} |");

        double At(double share) => sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Count) - 1, 0, sorted.Count - 1)];
    }
}
