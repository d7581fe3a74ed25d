using System.Globalization;
using System.Text.Json.Nodes;
using IterableAudience.Benchmarks.Generator;
using IterableAudience.Benchmarks.Push;
using IterableAudience.Demo.Driving;

namespace IterableAudience.Benchmarks.Pace;

/// <summary>Pushes at the pace of a project.</summary>
/// <param name="OnPostgres">The store; else SQLite.</param>
/// <param name="Nodes">Services on the store. Each gets a push of its own, to a list of its own, all of one project.</param>
/// <param name="Budget">Requests per second of the account.</param>
/// <param name="Allowed">Requests per second that the project really allows. It takes a second's worth at once, or two when it allows less than the budget; others are answered by 429.</param>
internal sealed record PaceCase(bool OnPostgres, int Nodes, int Budget, int Allowed)
{
    public const int LatencyMs = 100;

    /// <summary>Pushes as much as takes so many seconds, and says what went over the wire.</summary>
    public async Task<PaceResult> RunAsync(string programs, int seconds, CancellationToken cancellation)
    {
        var (service, simulator) = Programs.In(programs);
        using var postgres = OnPostgres ? Postgres.Start() : null;
        var settings = new Dictionary<string, string> { ["Iterable__RequestsPerSecond"] = Budget.ToString(CultureInfo.InvariantCulture), ["Iterable__MaxInFlight"] = "8" };
        if (postgres is not null)
        {
            (settings["Store__Provider"], settings["ConnectionStrings__Store"]) = ("PostgreSql", postgres.ConnectionString);
        }

        await using var installation = await Installation.StartAsync(service, simulator, settings, cancellation);
        using var control = new JsonClient(installation.SimulatorAddress);
        await control.PostAsync("/_sim/settings", new JsonObject { ["delayMs"] = LatencyMs, ["requestsPerSecond"] = Allowed, ["burst"] = Allowed == Budget ? Allowed : 2 }, cancellation);
        List<JsonClient> nodes = [installation.Service];
        while (nodes.Count < Nodes)
        {
            nodes.Add(await installation.StartNodeAsync(service, cancellation));
        }

        var first = await Setup.MakeAsync(installation.Service, "Pace", cancellation);
        List<Setup> setups = [first];
        while (setups.Count < Nodes)
        {
            setups.Add(await Setup.ConnectAsync(installation.Service, first.AccountId, first.DestinationId, $"Pace {setups.Count}", cancellation));
        }

        var records = Allowed * seconds * 1000 / Nodes;
        var starts = await Task.WhenAll(nodes.Select((node, i) => PushAsync(node, setups[i], Path.Combine(installation.Folder, $"pace-{i}.ndjson"), new(7, firstPerson: 1 + ((long)i * records)), records, cancellation)));
        var log = await control.GetAsync("/_sim/requests", cancellation);
        return new(
            [.. starts.SelectMany(s => s).Select(s => s.At).Order()],
            [.. log["requests"]!.AsArray().Where(r => (string?)r!["kind"] is "subscribe" or "unsubscribe").Select(r => new WireRequest(
                DateTimeOffset.Parse((string)r!["at"]!, CultureInfo.InvariantCulture), (int?)r["status"] == 429))]);
    }

    private static async Task<List<LoggedRequest>> PushAsync(JsonClient node, Setup setup, string file, RecordGenerator generator, int records, CancellationToken cancellation)
    {
        await using (var stream = File.Create(file))
        {
            await NdjsonWriter.WriteAsync(stream, generator.Take(records), cancellation);
        }

        var sync = await node.PushAsync(setup.ConnectionId, file, cancellation);
        return (string?)sync["outcome"] is "completed" or "completed_with_failures"
            ? await node.RequestsAsync(setup.ConnectionId, (string)sync["id"]!, cancellation)
            : throw new DemoException($"A push ended badly: {sync.ToJsonString()}");
    }
}
