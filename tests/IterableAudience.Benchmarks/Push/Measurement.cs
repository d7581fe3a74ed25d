namespace IterableAudience.Benchmarks.Push;

/// <summary>One way of bringing the records to the simulator, measured.</summary>
/// <param name="Records">How many were sent.</param>
/// <param name="Seconds">From the first byte to the closed report.</param>
/// <param name="CpuSeconds">Of the service process (or of the process that holds the baseline), not of the simulator.</param>
/// <param name="PeakMemory">In MiB.</param>
/// <param name="Requests">Subscribes and unsubscribes that the simulator counted.</param>
internal sealed record Measurement(int Records, double Seconds, double CpuSeconds, double PeakMemory, long Requests)
{
    public double RecordsPerSecond => Records / Seconds;

    public double CpuSecondsPerMillion => CpuSeconds * 1e6 / Records;
}
