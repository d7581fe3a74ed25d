using IterableAudience.Demo.Driving;

namespace IterableAudience.Benchmarks.Push;

/// <summary>The published programs that are measured; <c>scripts/bench.sh</c> publishes them.</summary>
internal static class Programs
{
    public const string DefaultFolder = "out/bench";

    public static (string Service, string Simulator) In(string folder)
        => (Existing(Path.Combine(folder, "service", "IterableAudience.dll")), Existing(Path.Combine(folder, "simulator", "IterableAudience.Simulator.dll")));

    private static string Existing(string path)
        => File.Exists(path) ? Path.GetFullPath(path) : throw new DemoException($"{path} is missing: scripts/bench.sh publishes what is measured.");
}
