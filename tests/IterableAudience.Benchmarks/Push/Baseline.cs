using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using IterableAudience.Demo.Driving;

namespace IterableAudience.Benchmarks.Push;

/// <summary>Runs <see cref="BaselineCommand"/> as a process of its own against a fresh simulator, so that its CPU and memory are its own as well.</summary>
internal static class Baseline
{
    public static async Task<Measurement> RunAsync(string programs, string file, int records, Expectation expected, CancellationToken cancellation)
    {
        var address = ChildProcess.FreeAddress();
        var folder = Directory.CreateTempSubdirectory("iterable-audience-baseline-").FullName;
        try
        {
            await using var process = ChildProcess.Start("simulator", Programs.In(programs).Simulator, folder, new Dictionary<string, string> { ["Simulator__Url"] = address.OriginalString });
            await process.ReadyAsync(new(address, "/"), cancellation);
            using var simulator = new SimulatorClient(address);
            var list = await simulator.MakeListAsync("Baseline", cancellation);

            var measured = JsonSerializer.Deserialize<BaselineCost>(await SendAsync(file, address, list, cancellation))!;
            var faults = expected.FaultsOf(await simulator.MembersAsync(list, cancellation)).ToList();
            if (faults.Count > 0)
            {
                throw new DemoException($"The baseline ended wrong: {string.Join("; ", faults)}");
            }

            return new(records, measured.Seconds, measured.CpuSeconds, measured.PeakMemory, measured.Requests);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<string> SendAsync(string file, Uri address, long list, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            ArgumentList = { typeof(Baseline).Assembly.Location, "baseline", "--file", file, "--to", address.OriginalString, "--list", list.ToString(CultureInfo.InvariantCulture) },
            RedirectStandardOutput = true,
        };
        using var sender = Process.Start(start)!;
        var output = await sender.StandardOutput.ReadToEndAsync(cancellation);
        await sender.WaitForExitAsync(cancellation);
        return sender.ExitCode == 0 ? output : throw new DemoException($"The baseline ended with exit code {sender.ExitCode}.");
    }
}
