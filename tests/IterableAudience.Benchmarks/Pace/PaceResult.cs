namespace IterableAudience.Benchmarks.Pace;

/// <summary>A subscribe or unsubscribe as the simulator saw it.</summary>
internal readonly record struct WireRequest(DateTimeOffset At, bool Throttled);

/// <summary>What a project was asked.</summary>
/// <param name="Starts">When the services started requests, by their clocks, in order. In whole milliseconds.</param>
/// <param name="Wire">What came to the simulator, in order.</param>
internal sealed record PaceResult(List<DateTimeOffset> Starts, List<WireRequest> Wire)
{
    /// <summary>What a project allows is found out in this time.</summary>
    public static readonly TimeSpan Learning = TimeSpan.FromSeconds(10);

    public int Throttled => Wire.Count(r => r.Throttled);

    public double Seconds => (Wire[^1].At - Wire[0].At).TotalSeconds;

    public double ThrottledLater
    {
        get
        {
            var later = Wire.FindAll(r => r.At - Wire[0].At > Learning);
            return later.Count == 0 ? 0 : (double)later.Count(r => r.Throttled) / later.Count;
        }
    }

    /// <summary>Accepted requests, of those that a rate allows in the time.</summary>
    public double Used(double rate) => (Wire.Count - Throttled - 1) / Seconds / rate;

    /// <summary>By how many starts the worst stretch of time is above rate · t + 1; what the rounding of the times may explain is taken off.</summary>
    public double Above(double rate)
    {
        var (lowest, worst) = (double.MaxValue, 0.0);
        for (var i = 0; i < Starts.Count; i++)
        {
            var ahead = i - ((Starts[i] - Starts[0]).TotalSeconds * rate);
            worst = Math.Max(worst, ahead - lowest);
            lowest = Math.Min(lowest, ahead);
        }

        return Math.Max(0, worst - (0.001 * rate));
    }
}
