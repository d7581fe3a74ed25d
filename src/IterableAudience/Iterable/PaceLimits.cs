namespace IterableAudience.Iterable;

/// <summary>The limits that a request keeps: those of its account.</summary>
internal readonly record struct PaceLimits(double RequestsPerSecond, int MaxInFlight);

/// <summary>The project is paused for longer than the caller will wait.</summary>
internal sealed class ProjectPausedException(TimeSpan pause) : Exception("The Iterable project is over its rate limit and paused.")
{
    /// <summary>How long the project stays paused.</summary>
    public TimeSpan Pause { get; } = pause;
}
