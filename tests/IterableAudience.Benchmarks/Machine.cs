using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace IterableAudience.Benchmarks;

/// <summary>Where and from what a measurement was taken.</summary>
internal static class Machine
{
    public static IEnumerable<string> Describe()
    {
        var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1 << 30);
        yield return $"CPU: {FirstValue("/proc/cpuinfo", "model name", ':')}, {Environment.ProcessorCount} cores";
        yield return string.Create(CultureInfo.InvariantCulture, $"Memory: {memory:0.0} GiB");
        yield return $"OS: {FirstValue("/etc/os-release", "PRETTY_NAME", '=').Trim('"')}, {RuntimeInformation.OSDescription}";
        yield return $".NET: {Environment.Version}";
        yield return $"Date: {TimeProvider.System.GetUtcNow():yyyy-MM-dd}";
        yield return $"Commit: {Commit()}";
    }

    private static string FirstValue(string file, string name, char separator)
    {
        var line = File.Exists(file) ? File.ReadLines(file).FirstOrDefault(l => l.StartsWith(name, StringComparison.Ordinal)) : null;
        return line is null ? "unknown" : line[(line.IndexOf(separator, StringComparison.Ordinal) + 1)..].Trim();
    }

    private static string Commit()
    {
        var commit = Git("rev-parse", "--short", "HEAD");
        return Git("status", "--porcelain", "--", "src").Length == 0 ? commit : commit + " with changes in src";
    }

    private static string Git(params string[] arguments)
    {
        var start = new ProcessStartInfo("git", arguments) { RedirectStandardOutput = true };
        using var git = Process.Start(start)!;
        var output = git.StandardOutput.ReadToEnd().Trim();
        git.WaitForExit();
        return output;
    }
}
