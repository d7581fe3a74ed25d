using System.Globalization;

namespace IterableAudience.Benchmarks.Push;

/// <summary>What the kernel says about one process, without its children.</summary>
internal static class ProcessCost
{
    // USER_HZ: 100 on every Linux that .NET runs on.
    private const double TicksPerSecond = 100;

    /// <summary>Seconds of CPU so far, in user and kernel mode.</summary>
    public static double CpuSeconds(int process)
    {
        // The second field is the program's name in brackets and may itself contain spaces; utime and stime are fields 14 and 15.
        var stat = File.ReadAllText($"/proc/{process}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (Number(fields[11]) + Number(fields[12])) / TicksPerSecond;
    }

    /// <summary>The most memory that was resident at once, in MiB.</summary>
    public static double PeakMemory(int process)
    {
        var line = File.ReadLines($"/proc/{process}/status").First(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
        return Number(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2]) / 1024.0;
    }

    /// <summary>Begins to look for the peak anew, at what is resident now.</summary>
    public static void ForgetPeak(int process) => File.WriteAllText($"/proc/{process}/clear_refs", "5");

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
