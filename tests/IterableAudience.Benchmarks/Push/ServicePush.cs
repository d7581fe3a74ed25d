using System.Diagnostics;
using IterableAudience.Demo.Driving;

namespace IterableAudience.Benchmarks.Push;

/// <summary>The real thing: a service process on a fresh store, a simulator process, and one POST of all records.</summary>
internal static class ServicePush
{
    private static readonly Dictionary<string, string> NoBrake = new()
    {
        ["Iterable__RequestsPerSecond"] = "100000",
        ["Iterable__MaxInFlight"] = "8",
    };

    public static async Task<Measurement> RunAsync(string programs, string file, int records, Expectation expected, CancellationToken cancellation)
    {
        var (service, simulator) = Programs.In(programs);
        await using var installation = await Installation.StartAsync(service, simulator, NoBrake, cancellation);
        var setup = await Setup.MakeAsync(installation.Service, "Benchmark", cancellation);
        var process = installation.ServiceProcess!.Id;

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

        var calls = await installation.Simulator.CallsAsync(cancellation);
        return new(records, seconds, cpu, ProcessCost.PeakMemory(process), calls.GetValueOrDefault("subscribe") + calls.GetValueOrDefault("unsubscribe"));
    }
}
