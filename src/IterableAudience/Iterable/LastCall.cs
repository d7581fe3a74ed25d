namespace IterableAudience.Iterable;

/// <summary>
/// The end of all waiting for Iterable. A process has 30 seconds from SIGTERM to its end, and one attempt alone may take as long: what is on the wire some
/// time after the stop is given up. Its connection is closed, nobody knows what became of it, and its batch is sent again by whoever goes on.
/// </summary>
internal sealed class LastCall : IDisposable
{
    /// <summary>How long answers are waited for after the stop. The rest of the 30 seconds is for recording them, giving back claims and closing the store.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly CancellationTokenSource givenUp = new();
    private readonly CancellationTokenRegistration registration;
    private readonly TimeProvider time;
    private ITimer? timer;
    private long stoppedAt;

    /// <param name="time">The clock.</param>
    /// <param name="stopping">Set when the service is told to stop.</param>
    public LastCall(TimeProvider time, CancellationToken stopping)
    {
        this.time = time;
        registration = stopping.Register(Begin);
    }

    /// <summary>Set when nothing on the wire is waited for any longer.</summary>
    public CancellationToken Token => givenUp.Token;

    /// <summary>How long ago the service was told to stop; zero when it was not. No batch's request starts after that.</summary>
    public TimeSpan StoppingFor => timer is null ? TimeSpan.Zero : time.GetElapsedTime(stoppedAt);

    public void Dispose()
    {
        registration.Dispose();
        timer?.Dispose();
    }

    private void Begin()
    {
        stoppedAt = time.GetTimestamp();
        timer = time.CreateTimer(static g => ((CancellationTokenSource)g!).Cancel(), givenUp, Patience, Timeout.InfiniteTimeSpan);
    }
}
