namespace IterableAudience.Iterable;

/// <summary>Exponential backoff with jitter. Pure.</summary>
internal static class Backoff
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    /// <summary>The wait after so many failures in a row (from 1): the base, doubled each time, at most a minute, and between three and five quarters of it, by a random number from 0 up to 1.</summary>
    public static TimeSpan After(int failures, TimeSpan first, double jitter)
    {
        var wait = first.TotalSeconds * Math.Pow(2, Math.Clamp(failures - 1, 0, 30));
        return TimeSpan.FromSeconds(Math.Min(wait, Longest.TotalSeconds) * (0.75 + (jitter / 2)));
    }
}
