using System.Text;
using System.Text.Json.Nodes;
using IterableAudience.Benchmarks.Push;
using IterableAudience.Demo.Driving;

namespace IterableAudience.Benchmarks.Pages;

/// <summary>
/// <c>console --records 1000000 --repetitions 20 --watchers 50 --programs out/bench --out report.md</c>: the pages that people see, on a store with many
/// connections, many syncs and one large sync; and people who watch a sync that runs.
/// </summary>
internal static class ConsoleCommand
{
    private const int LiveRecords = 50_000;
    private const int LiveDelay = 400;

    public static async Task<int> RunAsync(Arguments arguments, CancellationToken cancellation)
    {
        var records = arguments.Number("records", 1_000_000);
        var repetitions = arguments.Number("repetitions", 20);
        var (service, simulator) = Programs.In(arguments.Text("programs") ?? Programs.DefaultFolder);
        var settings = new Dictionary<string, string> { ["Iterable__RequestsPerSecond"] = "1000" };
        await using var installation = await Installation.StartAsync(service, simulator, settings, cancellation);
        var setup = await Setup.MakeAsync(installation.Service, "Audience number 0", cancellation);
        var connection = $"/connections/{setup.ConnectionId}";
        var first = await PushAsync(installation, setup, 0, records, "&wait=60", cancellation);
        Check(first);
        await installation.RestartAsync(service, () => ManyRows.Make(installation.StoreFile), cancellation);
        using var visitor = await Visitor.SignInAsync(installation.ServiceAddress, installation.AdminToken, cancellation);
        var large = $"{connection}/syncs/{(string)first["id"]!}";
        var older = await visitor.LinkAsync(connection, "before", cancellation);

        var baseline = await visitor.MeasureAsync("the baseline", "/health/live", repetitions, cancellation);
        List<PageTimes> pages = [];
        await visitor.FindAsync($"person{records / 2}@example.com", cancellation);
        foreach (var (what, path) in Paths(connection, older, large, await visitor.LastAsync(large, "requests", cancellation)))
        {
            pages.Add(await visitor.MeasureAsync(what, path, repetitions, cancellation));
        }

        var files = await visitor.FilesAsync(["/", connection], cancellation);

        using var control = new JsonClient(installation.SimulatorAddress);
        await control.PostAsync("/_sim/settings", new JsonObject { ["delayMs"] = LiveDelay }, cancellation);
        var started = await PushAsync(installation, setup, records, LiveRecords, "", cancellation);
        var running = (string)started["syncId"]!;
        var live = await LiveWatch.FollowAsync(visitor, $"{connection}/syncs/{running}/live", arguments.Number("watchers", 50), cancellation);
        Check(await installation.Service.EndOfAsync(setup.ConnectionId, running, cancellation));

        var report = ConsoleReport.Markdown(records, repetitions, baseline, pages, files) + ConsoleReport.Live(LiveRecords, LiveDelay, live);
        System.Console.WriteLine(report);
        if (arguments.Text("out") is { } to)
        {
            await File.WriteAllTextAsync(to, report, cancellation);
        }

        return 0;
    }

    private static (string What, string Path)[] Paths(string connection, string older, string large, string requests) =>
    [
        ("overview", "/"),
        ("what needs attention", "/?state=attention"),
        ("connections by name", "/?q=number"),
        ("connection", connection),
        ("its older syncs", older),
        ("the large sync", large),
        ("its records of one outcome", $"{large}?outcome=subscribed"),
        ("its records of an action that none has", $"{large}?action=delete"),
        ("its last requests", requests),
        ("accounts", "/accounts"),
        ("tokens", "/tokens"),
        ("about", "/about"),
        ("people", "/people"),
        ("a person who is found", "/people?found=1"),
    ];

    private static void Check(JsonNode sync)
    {
        if ((string?)sync["outcome"] is not "completed")
        {
            throw new DemoException($"A push didn't end well, or not within a minute: {sync.ToJsonString()}");
        }
    }

    /// <summary>New people, each with both identifiers; the e-mail address of every thousandth is none.</summary>
    private static async Task<JsonNode> PushAsync(Installation installation, Setup setup, int from, int count, string wait, CancellationToken cancellation)
    {
        var file = Path.Combine(installation.Folder, "records.ndjson");
        await using (var lines = new StreamWriter(file, append: false, new UTF8Encoding(false), 1 << 16))
        {
            for (var i = from; i < from + count; i++)
            {
                var email = i % 1000 == 0 ? "nobody" : $"person{i}@example.com";
                await lines.WriteLineAsync($$$"""{"action":"insert","primaryKey":"row-{{{i}}}","fields":{"EMAIL":"{{{email}}}","ID":"person-{{{i}}}"}}""");
            }
        }

        return await installation.Service.PostNdjsonAsync($"/v2/retl-connections/{setup.ConnectionId}/syncs?syncType=incremental{wait}", file, cancellation);
    }
}
