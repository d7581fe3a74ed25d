namespace IterableAudience.Iterable;

/// <summary>
/// The rate budget of one Iterable project, shared by all its connections and accounts. At most R·t + 1 requests start in any t seconds
/// (a generic cell rate algorithm without a burst: each start is at least 1/R after the last one), no more than so many are on the wire,
/// and a 429 stops all of them for a while. Whoever asked first goes first.
/// </summary>
/// <remarks>Safe to use from many threads. The limits are those of whoever is next: an account that allows itself less is served at its own pace.</remarks>
internal sealed class ProjectPacer(TimeProvider time) : IDisposable
{
    // A timer comes up to two milliseconds late. Below this distance between two starts that would cost more than a twentieth of the budget,
    // so the last moments are polled for, and below the next one all of the wait is. The usual few requests per second need neither.
    private static readonly TimeSpan Fine = TimeSpan.FromMilliseconds(40);
    private static readonly TimeSpan VeryFine = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan TimerLateness = TimeSpan.FromMilliseconds(2);

    private readonly Lock gate = new();
    private readonly Queue<Waiter> waiting = new();
    private ITimer? timer;
    private bool polling;
    private int inFlight;
    private long? lastStart;
    private long? pausedUntil;
    private int strikes;
    private int generation;
    private long? lastOtherAnswer;

    /// <summary>Waits for the turn of a request; the request ends when the permit is disposed.</summary>
    /// <exception cref="ProjectPausedException">The project is paused, or gets paused meanwhile, for longer than <paramref name="patience"/>.</exception>
    public async ValueTask<Permit> EnterAsync(PaceLimits limits, TimeSpan patience, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        Waiter waiter;
        lock (gate)
        {
            if (PauseLeft() is { } pause && pause > patience)
            {
                throw new ProjectPausedException(pause);
            }

            waiter = new Waiter(limits, patience);
            waiting.Enqueue(waiter);
            Serve();
        }

        using var registration = stop.UnsafeRegister(static (w, token) => ((Waiter)w!).TrySetCanceled(token), waiter);
        return await waiter.Task.ConfigureAwait(false);
    }

    /// <summary>
    /// A request was answered by 429: the project pauses, for as long as Iterable says or else for a time that doubles with each 429 in a row.
    /// Requests that were on the wire together count as one.
    /// </summary>
    public TimeSpan Throttled(Permit permit, TimeSpan? retryAfter, TimeSpan backoffBase, double jitter)
    {
        lock (gate)
        {
            if (permit.Generation == generation)
            {
                strikes++;
                generation++;
            }

            var pause = retryAfter ?? Backoff.After(strikes, backoffBase, jitter);
            var until = time.GetTimestamp() + Ticks(pause);
            pausedUntil = pausedUntil > until ? pausedUntil : until;
            foreach (var waiter in waiting.Where(w => w.Patience < pause))
            {
                waiter.TrySetException(new ProjectPausedException(pause));
            }

            Serve();
            return pause;
        }
    }

    /// <summary>A request got another answer than 429: the project has budget again.</summary>
    public void Answered(Permit permit)
    {
        lock (gate)
        {
            lastOtherAnswer = time.GetTimestamp();
            strikes = permit.Generation == generation ? 0 : strikes;
        }
    }

    /// <summary>How long the project has given nothing but 429, seen from a caller whose first 429 came at a timestamp.</summary>
    public TimeSpan ThrottledSince(long firstThrottled)
    {
        lock (gate)
        {
            return time.GetElapsedTime(Math.Max(firstThrottled, lastOtherAnswer ?? firstThrottled));
        }
    }

    public void Dispose() => timer?.Dispose();

    private void Leave()
    {
        lock (gate)
        {
            inFlight--;
            Serve();
        }
    }

    private void Poll()
    {
        lock (gate)
        {
            polling = false;
            Serve();
        }
    }

    /// <summary>Lets in who is due, and sees to it that it is called again when the next one is. Called under the lock.</summary>
    private void Serve()
    {
        while (waiting.TryPeek(out var next))
        {
            if (next.Task.IsCompleted)
            {
                waiting.Dequeue();
                continue;
            }

            if (inFlight >= next.Limits.MaxInFlight)
            {
                return; // Leave comes back
            }

            var now = time.GetTimestamp();
            var spacing = (long)Math.Ceiling(time.TimestampFrequency / next.Limits.RequestsPerSecond);
            var due = Math.Max(lastStart + spacing ?? now, pausedUntil ?? now);
            if (due > now)
            {
                CallAgain(time.GetElapsedTime(now, due), time.GetElapsedTime(0, spacing));
                return;
            }

            waiting.Dequeue();
            if (next.TrySetResult(new Permit(this, now, generation)))
            {
                lastStart = now;
                inFlight++;
            }
        }
    }

    private void CallAgain(TimeSpan wait, TimeSpan spacing)
    {
        var fine = spacing < Fine;
        if (wait <= (spacing < VeryFine ? VeryFine : fine ? TimerLateness : TimeSpan.Zero))
        {
            if (!polling)
            {
                polling = true;
                ThreadPool.UnsafeQueueUserWorkItem(static p => p.Poll(), this, preferLocal: false);
            }

            return;
        }

        // Timers count whole milliseconds: rounded up, or, where each one matters, waking early and polling for the rest.
        var milliseconds = fine ? Math.Floor(wait.TotalMilliseconds) - 1 : Math.Ceiling(wait.TotalMilliseconds);
        timer ??= time.CreateTimer(static p => ((ProjectPacer)p!).Poll(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        timer.Change(TimeSpan.FromMilliseconds(milliseconds), Timeout.InfiniteTimeSpan);
    }

    private TimeSpan? PauseLeft() => pausedUntil is { } until && until > time.GetTimestamp() ? time.GetElapsedTime(time.GetTimestamp(), until) : null;

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);

    /// <summary>One request on the wire.</summary>
    internal sealed class Permit(ProjectPacer pacer, long startedAt, int generation) : IDisposable
    {
        private ProjectPacer? pacer = pacer;

        /// <summary>Timestamp of the start.</summary>
        public long StartedAt { get; } = startedAt;

        /// <summary>How many pauses the project had had by then.</summary>
        public int Generation { get; } = generation;

        public void Dispose() => Interlocked.Exchange(ref pacer, null)?.Leave();
    }

    private sealed class Waiter(PaceLimits limits, TimeSpan patience)
        : TaskCompletionSource<Permit>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public PaceLimits Limits { get; } = limits;

        public TimeSpan Patience { get; } = patience;
    }
}

/// <summary>The limits that a request keeps.</summary>
internal readonly record struct PaceLimits(double RequestsPerSecond, int MaxInFlight);

/// <summary>The project is paused for longer than the caller will wait.</summary>
internal sealed class ProjectPausedException(TimeSpan pause) : Exception("The Iterable project is over its rate limit and paused.")
{
    /// <summary>How long the project stays paused.</summary>
    public TimeSpan Pause { get; } = pause;
}
