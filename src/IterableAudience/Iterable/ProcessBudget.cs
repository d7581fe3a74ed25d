namespace IterableAudience.Iterable;

/// <summary>
/// The budget of a project that only this process uses. Strict: each start is at least 1/rate after the last one, by the time of the start
/// itself, so that a late start delays the next. Used under the lock of its pacer.
/// </summary>
internal sealed class ProcessBudget(TimeProvider time) : IRateBudget
{
    private double rate = RateRules.Unlimited;
    private long? lastStart;
    private long? pausedUntil;
    private int strikes;
    private int generation;

    public ValueTask<StartSlot> NextAsync(PaceLimits limits, int wanted)
    {
        var now = time.GetTimestamp();
        var current = Math.Min(limits.RequestsPerSecond, RateRules.Raised(rate, Quiet(now)));
        var spacing = (long)Math.Ceiling(time.TimestampFrequency / current);
        return new(new StartSlot(lastStart + spacing ?? 0, long.MaxValue, pausedUntil ?? 0, current, generation, strikes, IsReserved: false));
    }

    public void Started(long at) => lastStart = at;

    public void Answered(int generation) => strikes = generation == this.generation ? 0 : strikes;

    public ValueTask<PauseNote> ThrottledAsync(Throttle throttle)
    {
        var now = time.GetTimestamp();
        var quiet = Quiet(now);
        rate = RateRules.Raised(rate, quiet);
        if (throttle.Generation == generation)
        {
            rate = RateRules.Lowered(rate, throttle.RequestsPerSecond, quiet);
            strikes++;
            generation++;
        }

        var pause = throttle.RetryAfter ?? Backoff.After(strikes, throttle.BackoffBase, throttle.Jitter);
        pausedUntil = Math.Max(pausedUntil ?? now, now + (long)(pause.TotalSeconds * time.TimestampFrequency));
        return new(new PauseNote(pause, Math.Min(rate, throttle.RequestsPerSecond), generation, strikes));
    }

    /// <summary>Seconds since the last pause ended.</summary>
    private double Quiet(long now) => pausedUntil is { } until ? (double)(now - until) / time.TimestampFrequency : RateRules.LongestQuiet;
}
