namespace IterableAudience.Benchmarks.Soak;

/// <summary>What the service holds at a moment.</summary>
/// <param name="Minute">Since the start.</param>
/// <param name="Memory">Resident, in MiB.</param>
/// <param name="Handles">Open files and sockets.</param>
/// <param name="Threads">Threads of the process.</param>
/// <param name="Store">Bytes of the store.</param>
/// <param name="Records">Records pushed so far.</param>
internal sealed record SoakSample(double Minute, double Memory, int Handles, int Threads, long Store, long Records)
{
    public static SoakSample Take(double minute, int process, long store, long records)
    {
        var status = File.ReadLines($"/proc/{process}/status").Select(l => l.Split(':')).ToDictionary(l => l[0], l => l[1].Trim());
        return new(
            minute, double.Parse(status["VmRSS"].Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture) / 1024,
            Directory.GetFileSystemEntries($"/proc/{process}/fd").Length, int.Parse(status["Threads"], System.Globalization.CultureInfo.InvariantCulture), store, records);
    }
}
