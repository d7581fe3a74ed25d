using System.Diagnostics;
using IterableAudience.Demo.Driving;

namespace IterableAudience.Benchmarks.Push;

/// <summary>The real thing: a service process on a fresh store, a simulator process, and one POST of all records.</summary>
internal static class ServicePush
{
    /// <summary>The rate budget out of the way.</summary>
    public static readonly IReadOnlyDictionary<string, string> NoBrake = new Dictionary<string, string>
    {
        ["Iterable__RequestsPerSecond"] = "1000000",
        ["Iterable__MaxInFlight"] = "8",
    };

    /// <summary>
    /// Two pushes of the same records to two lists, one after the other: the first meets a process that has only just started, whose code is
    /// still being compiled; the second is what a service does that has been up for a minute.
    /// </summary>
    public static async Task<(Measurement Started, Measurement Warm)> RunAsync(
        string programs, string file, int records, bool onPostgres, Expectation expected, CancellationToken cancellation)
    {
        var (service, simulator) = Programs.In(programs);
        using var postgres = onPostgres ? Postgres.Start() : null;
        var settings = new Dictionary<string, string>(NoBrake);
        if (postgres is not null)
        {
            (settings["Store__Provider"], settings["ConnectionStrings__Store"]) = ("PostgreSql", postgres.ConnectionString);
        }

        await using var installation = await Installation.StartAsync(service, simulator, settings, cancellation);
        var first = await Setup.MakeAsync(installation.Service, "Just started", cancellation);
        var second = await Setup.ConnectAsync(installation.Service, first.AccountId, first.DestinationId, "Warm", cancellation);
        var started = await PushAsync(installation, first, file, records, expected, cancellation);
        return (started, await PushAsync(installation, second, file, records, expected, cancellation));
    }

    private static async Task<Measurement> PushAsync(
        Installation installation, Setup setup, string file, int records, Expectation expected, CancellationToken cancellation)
    {
        var process = installation.ServiceProcess!.Id;
        var before = await RequestsAsync(installation, cancellation);
        var cpu = ProcessCost.CpuSeconds(process);
        var watch = Stopwatch.StartNew();
        var sync = await installation.Service.PushAsync(setup.ConnectionId, file, cancellation);
        var seconds = watch.Elapsed.TotalSeconds;
        cpu = ProcessCost.CpuSeconds(process) - cpu;

        var faults = expected.FaultsOf(sync).Concat(expected.FaultsOf(await installation.Simulator.MembersAsync(setup.ListId, cancellation))).ToList();
        if (faults.Count > 0)
        {
            throw new DemoException($"The push ended wrong: {string.Join("; ", faults)}");
        }

        return new(records, seconds, cpu, ProcessCost.PeakMemory(process), await RequestsAsync(installation, cancellation) - before);
    }

    private static async Task<long> RequestsAsync(Installation installation, CancellationToken cancellation)
    {
        var calls = await installation.Simulator.CallsAsync(cancellation);
        return calls.GetValueOrDefault("subscribe") + calls.GetValueOrDefault("unsubscribe");
    }
}
