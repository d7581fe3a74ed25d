using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using IterableAudience.Benchmarks.Push;
using IterableAudience.Demo.Driving;

namespace IterableAudience.Benchmarks.Mirror;

/// <summary>
/// <c>mirror --rows 5000000 --programs out/bench --out mirror.md</c>: a table is synced in full, one row in a hundred changes, and it is synced again; then nothing
/// changes, and it is synced once more. On both warehouses, with the diff in the warehouse and in the service; <c>--only 0</c> to <c>4</c> measures one of the five.
/// </summary>
internal static class MirrorCommand
{
    private sealed record Result(string Warehouse, string Way, int Rows, double Read, Sync Full, Sync Changed, Sync Unchanged);

    private sealed record Sync(double ToFirstRequest, double Seconds, double CpuSeconds, double PeakMemory, long Requests, long Records);

    public static async Task<int> RunAsync(Arguments arguments, CancellationToken cancellation)
    {
        var rows = arguments.Number("rows", 5_000_000);
        var small = arguments.Number("small", 1_000_000);
        var programs = arguments.Text("programs") ?? Programs.DefaultFolder;
        List<Result> results = [];
        (bool, bool, int)[] all = [(false, true, rows), (false, false, rows), (true, true, rows), (true, false, rows), (false, true, small)];
        foreach (var (onPostgres, logs, of) in arguments.Text("only") is { } only ? [all[int.Parse(only, CultureInfo.InvariantCulture)]] : all)
        {
            results.Add(await MeasureAsync(programs, onPostgres, logs, of, cancellation));
            System.Console.WriteLine(Rows(results[^1]));
        }

        var page = Page(results);
        if (arguments.Text("out") is { } path)
        {
            await File.WriteAllTextAsync(path, page, cancellation);
        }

        return 0;
    }

    private static async Task<Result> MeasureAsync(string programs, bool onPostgres, bool logs, int rows, CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("iterable-audience-mirror-").FullName;
        try
        {
            using var warehouse = new BenchWarehouse(onPostgres, folder, rows);
            var (service, simulator) = Programs.In(programs);
            var settings = new Dictionary<string, string>(ServicePush.NoBrake) { ["Sources__DuckDb__Root"] = folder };
            await using var installation = await Installation.StartAsync(service, simulator, settings, cancellation);
            var connection = await ConnectAsync(installation.Service, warehouse, logs, cancellation);

            var full = await SyncAsync(installation, connection, rows, cancellation);
            warehouse.Change(rows);
            var read = warehouse.ReadAll();
            await installation.RestartAsync(service, cancellation);
            var changed = await SyncAsync(installation, connection, rows / 100, cancellation);
            var unchanged = await SyncAsync(installation, connection, 0, cancellation);
            return new(warehouse.Name, logs ? "pushed down" : "against the ledger", rows, read, full, changed, unchanged);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<string> ConnectAsync(JsonClient service, BenchWarehouse warehouse, bool logs, CancellationToken cancellation)
    {
        var setup = await Setup.MakeAsync(service, "Pushed", cancellation);
        var account = await service.PostAsync("/v2/accounts", warehouse.Account(), cancellation);
        var source = await service.PostAsync("/v2/retl-sources", new JsonObject
        {
            ["name"] = "People",
            ["sourceType"] = "table",
            ["sourceDefinitionName"] = warehouse.Name,
            ["accountId"] = (string)account["id"]!,
            ["config"] = new JsonObject { ["primaryKey"] = "id", ["schema"] = warehouse.Schema, ["table"] = "people" },
        }, cancellation);
        var connection = await service.PostAsync("/v2/retl-connections", new JsonObject
        {
            ["destinationId"] = setup.DestinationId,
            ["sourceId"] = (string)source["id"]!,
            ["syncBehaviour"] = "mirror",
            ["identifiers"] = new JsonArray(new JsonObject { ["from"] = "email", ["to"] = "email" }, new JsonObject { ["from"] = "user_id", ["to"] = "userId" }),
            ["syncSettings"] = new JsonObject { ["syncLogsConfig"] = new JsonObject { ["enabled"] = logs } },
            ["destinationConfig"] = new JsonObject { ["createList"] = new JsonObject { ["name"] = "Mirrored" } },
        }, cancellation);
        return (string)connection["id"]!;
    }

    /// <summary>One sync of the source, by the service's own clock and log of requests.</summary>
    private static async Task<Sync> SyncAsync(Installation installation, string connection, int records, CancellationToken cancellation)
    {
        var process = installation.ServiceProcess!.Id;
        ProcessCost.ForgetPeak(process);
        var cpu = ProcessCost.CpuSeconds(process);
        var sync = await installation.Service.SyncAsync(connection, cancellation);
        cpu = ProcessCost.CpuSeconds(process) - cpu;
        var peak = ProcessCost.PeakMemory(process);
        var received = (long)sync["report"]!["received"]!["total"]!;
        if ((string)sync["outcome"]! != "completed" || received != records)
        {
            throw new DemoException($"The sync ended as {sync["outcome"]} with {received} records instead of {records}: {sync["error"]}");
        }

        var started = Moment(sync["startedAt"]);
        var first = await installation.Service.GetAsync($"/v2/retl-connections/{connection}/syncs/{sync["id"]}/requests?pageSize=1", cancellation);
        var toFirst = first["data"]!.AsArray() is [{ } request, ..] ? (Moment(request["at"]) - started).TotalSeconds : double.NaN;
        return new(toFirst, (Moment(sync["finishedAt"]) - started).TotalSeconds, cpu, peak, (long)sync["report"]!["requests"]!["subscribe"]! + (long)sync["report"]!["requests"]!["unsubscribe"]!, received);
    }

    private static DateTimeOffset Moment(JsonNode? node) => DateTimeOffset.Parse((string)node!, CultureInfo.InvariantCulture);

    private static string Page(List<Result> results)
    {
        var page = new StringBuilder("# The mirror: from a table to the first request\n\nMade by `scripts/bench.sh mirror`; not edited by hand.\n\n");
        foreach (var line in Machine.Describe())
        {
            page.Append("- ").AppendLine(line);
        }

        page.AppendLine().AppendLine("""
            A table is synced in full; then one row in a hundred is changed (half of those another person, a quarter gone, a quarter new) and it is synced again, by a service
            that was started anew; then nothing changes. *Pushed down*: sync logs on, the diff is made in the warehouse against a snapshot table. *Against the ledger*: sync logs off, all rows stream through the
            service. SQLite store, hybrid project, rate budget out of the way; service, simulator and PostgreSQL are processes of their own on the same cores, DuckDB
            runs inside of the service (128 MB and two threads by its settings). Peak memory is the service's, of that sync alone. *Reading alone* is the baseline: the three columns
            of every row, read by the driver, and nothing done with them.

            | Warehouse | Diff | Rows | Sync | To first request, s | against reading alone | Whole sync, s | CPU s | Peak MiB | Records | Requests |
            |---|---|--:|---|--:|--:|--:|--:|--:|--:|--:|
            """);
        results.ForEach(r => page.Append(Rows(r)));
        return page.ToString();
    }

    private static string Rows(Result r) => Row(r, "full", r.Full) + Row(r, "1 % changed", r.Changed) + Row(r, "unchanged", r.Unchanged);

    private static string Row(Result r, string what, Sync s)
        => string.Create(
            CultureInfo.InvariantCulture,
            $"| {r.Warehouse} | {r.Way} | {r.Rows:N0} | {what} | {(double.IsNaN(s.ToFirstRequest) ? "–" : $"{s.ToFirstRequest:0.0}")} | {(double.IsNaN(s.ToFirstRequest) ? s.Seconds / r.Read : s.ToFirstRequest / r.Read):0.0} × | {s.Seconds:0.0} | {s.CpuSeconds:0.0} | {s.PeakMemory:N0} | {s.Records:N0} | {s.Requests:N0} |\n");
}
