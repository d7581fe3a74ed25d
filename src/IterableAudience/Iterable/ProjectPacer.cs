namespace IterableAudience.Iterable;

/// <summary>
/// Lets the requests of one Iterable project start: when its budget says so (<see cref="IRateBudget"/>), no more on the wire at once than
/// allowed, none while the project is paused after a 429, and the syncs of the project in turn. After a 429 requests go one by one until one
/// of them gets another answer.
/// </summary>
/// <remarks>
/// Safe to use from many threads. The limits are those of whoever is next: an account that allows itself less is served at its own pace.
/// With several nodes each has its share of the requests in flight, at least one.
/// </remarks>
internal sealed class ProjectPacer(TimeProvider time, IRateBudget budget, Func<int> liveNodes) : IDisposable
{
    // A timer comes up to two milliseconds late. Below this distance between two starts that would cost more than a twentieth of the budget,
    // so the last moments are polled for, and below the next one all of the wait is. The usual few requests per second need neither, unless
    // the start is reserved: then a late one may be lost.
    private static readonly TimeSpan Fine = TimeSpan.FromMilliseconds(40);
    private static readonly TimeSpan VeryFine = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan TimerLateness = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan Millisecond = TimeSpan.FromMilliseconds(1);

    private readonly Lock gate = new();
    private readonly PaceTurns<Waiter> turns = new(static w => w.Task.IsCompleted);
    private ITimer? timer;
    private bool polling;
    private bool asking;
    private StartSlot? reserved;
    private int notesUnderWay;
    private int notes;
    private int inFlight;
    private Permit? probe;
    private long? pausedUntil;
    private int strikes;
    private int generation;
    private long? lastOtherAnswer;
    private long? lastThrottled;
    private PaceLimits lastLimits;
    private double rate;
    private long rateSince;
    private double answerSeconds;
    private long started;

    /// <summary>A pacer of a project that only this process uses.</summary>
    public ProjectPacer(TimeProvider time)
        : this(time, new ProcessBudget(time), static () => 1)
    {
    }

    /// <summary>How the project stands.</summary>
    public PaceStatus Status
    {
        get
        {
            lock (gate)
            {
                var quiet = time.GetElapsedTime(Math.Max(rateSince, pausedUntil ?? 0)).TotalSeconds;
                return new(
                    lastLimits.RequestsPerSecond, Math.Min(lastLimits.RequestsPerSecond, RateRules.Raised(rate, quiet)), inFlight, lastLimits.MaxInFlight == 0 ? 0 : Room(lastLimits),
                    turns.All.Count(), PauseLeft() ?? TimeSpan.Zero, TimeSpan.FromSeconds(answerSeconds), started)
                {
                    ThrottledAgo = lastThrottled is { } at ? time.GetElapsedTime(at) : null,
                };
            }
        }
    }

    /// <summary>Waits for the turn of a request; the request ends when the permit is disposed.</summary>
    /// <param name="limits">Of the request's account.</param>
    /// <param name="queue">Whose request it is: queues take turns.</param>
    /// <param name="patience">How long a pause of the project is waited for.</param>
    /// <param name="stop">Ends the wait.</param>
    /// <exception cref="ProjectPausedException">The project is paused, or gets paused meanwhile, for longer than <paramref name="patience"/>.</exception>
    /// <exception cref="System.Data.Common.DbException">The budget is in a store that can't be used.</exception>
    public Task<Permit> EnterAsync(PaceLimits limits, string queue, TimeSpan patience, CancellationToken stop)
    {
        if (stop.IsCancellationRequested)
        {
            return Task.FromCanceled<Permit>(stop);
        }

        var waiter = new Waiter(limits, patience);
        lock (gate)
        {
            if (PauseLeft() is { } pause && pause > patience)
            {
                return Task.FromException<Permit>(new ProjectPausedException(pause));
            }

            turns.Add(queue, waiter);
            Serve();
        }

        waiter.GiveUpOn(stop);
        return waiter.Task;
    }

    /// <summary>A request was answered by 429: the project slows down and pauses, see <see cref="IRateBudget.ThrottledAsync"/>.</summary>
    /// <returns>How long the project pauses.</returns>
    public async ValueTask<TimeSpan> ThrottledAsync(Permit permit, TimeSpan? retryAfter, TimeSpan backoffBase, double jitter)
    {
        ValueTask<PauseNote> noting;
        lock (gate)
        {
            lastThrottled = time.GetTimestamp();
            notesUnderWay++; // nothing starts until it is known for how long
            noting = budget.ThrottledAsync(new Throttle(permit.Generation, permit.Limits.RequestsPerSecond, retryAfter, backoffBase, jitter));
        }

        PauseNote note;
        try
        {
            note = await noting.ConfigureAwait(false);
        }
        catch
        {
            lock (gate)
            {
                notesUnderWay--; // else nothing of the project would ever start again
                Serve();
            }

            throw;
        }

        lock (gate)
        {
            notesUnderWay--;
            notes++;
            (rate, rateSince, generation, strikes) = (note.Rate, time.GetTimestamp(), note.Generation, note.Strikes);
            Pause(time.GetTimestamp() + (long)(note.Pause.TotalSeconds * time.TimestampFrequency));
            Serve();
        }

        return note.Pause;
    }

    /// <summary>A request got another answer than 429: the project has budget again.</summary>
    public void Answered(Permit permit)
    {
        lock (gate)
        {
            lastOtherAnswer = time.GetTimestamp();
            budget.Answered(permit.Generation);
            if (permit.Generation == generation && strikes > 0)
            {
                strikes = 0;
                probe = null;
                Serve();
            }
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

    private void Leave(Permit permit)
    {
        lock (gate)
        {
            inFlight--;
            probe = probe == permit ? null : probe;
            var took = time.GetElapsedTime(permit.StartedAt).TotalSeconds;
            answerSeconds = answerSeconds == 0 ? took : (0.8 * answerSeconds) + (0.2 * took);
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
        while (turns.TryPeek(out var next))
        {
            if (asking || notesUnderWay > 0 || probe is not null || inFlight >= Room(next.Limits))
            {
                return; // who ends it comes back
            }

            var now = time.GetTimestamp();
            if (pausedUntil > now)
            {
                CallAgain(pausedUntil.Value - now, TimeSpan.MaxValue, exactly: false);
                return;
            }

            if (next.Limits.RequestsPerSecond < lastLimits.RequestsPerSecond)
            {
                reserved = null; // it was for an account that allows itself more
            }

            if ((reserved ?? Ask(next.Limits)) is not { } slot)
            {
                return;
            }

            reserved = null;
            if (slot.PausedUntil > now)
            {
                Pause(slot.PausedUntil); // another node met a 429
            }
            else if (slot.At > now)
            {
                reserved = slot.IsReserved ? slot : null;
                CallAgain(slot.At - now, TimeSpan.FromSeconds(1 / slot.Rate), slot.IsReserved);
                return;
            }
            else if (now <= slot.Latest)
            {
                Start(next, now, slot);
            }
        }
    }

    private void Start(Waiter next, long now, StartSlot slot)
    {
        turns.Take();
        var permit = new Permit(this, now, slot.Generation, next.Limits);
        if (!next.TrySetResult(permit))
        {
            reserved = slot.IsReserved ? slot : null; // gave up just now
            return;
        }

        budget.Started(now);
        inFlight++;
        started++;
        probe = strikes > 0 ? permit : null;
    }

    /// <summary>The next start; null when the answer takes a while, and brings itself then.</summary>
    private StartSlot? Ask(PaceLimits limits)
    {
        lastLimits = limits;
        var asked = budget.NextAsync(limits, Wanted(limits));
        if (asked.IsCompletedSuccessfully)
        {
            return Learn(asked.Result);
        }

        asking = true;
        _ = TakeAsync(asked.AsTask(), notes);
        return null;
    }

    /// <summary>How many starts could be used one soon after the other: somebody waits for them, and on the wire there will probably be room.</summary>
    private int Wanted(PaceLimits limits)
    {
        if (strikes > 0)
        {
            return 1;
        }

        // While one request starts, so many are answered and make room; before the first answer nobody knows.
        var (free, answered) = (Room(limits) - inFlight, answerSeconds == 0 ? 0 : Room(limits) / (limits.RequestsPerSecond * answerSeconds));
        return Math.Clamp(turns.All.Count(), 1, answered >= 1 ? int.MaxValue : Math.Max(1, (int)(free / (1 - answered))));
    }

    private async Task TakeAsync(Task<StartSlot> asked, int notesBefore)
    {
        await ((Task)asked).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (gate)
        {
            asking = false;
            if (asked.IsCompletedSuccessfully)
            {
                // A 429 that was noted meanwhile knows better, and its pause has dropped what was reserved before it.
                reserved = notes == notesBefore ? Learn(asked.Result) : null;
            }
            else
            {
                // Without its budget nobody may start; whoever waits knows what to do when a store is in trouble.
                foreach (var waiter in turns.All.ToList())
                {
                    waiter.TrySetException(asked.Exception?.InnerException ?? new OperationCanceledException());
                }
            }

            Serve();
        }
    }

    private StartSlot Learn(StartSlot slot)
    {
        (rate, rateSince, generation, strikes) = (slot.Rate, time.GetTimestamp(), slot.Generation, slot.Strikes);
        return slot;
    }

    /// <summary>Nothing starts until then, and nobody waits for it who has less patience.</summary>
    private void Pause(long until)
    {
        reserved = null;
        pausedUntil = Math.Max(pausedUntil ?? until, until);
        if (PauseLeft() is not { } pause)
        {
            return;
        }

        foreach (var waiter in turns.All.Where(w => w.Patience < pause).ToList())
        {
            waiter.TrySetException(new ProjectPausedException(pause));
        }
    }

    private int Room(PaceLimits limits) => Math.Max(1, limits.MaxInFlight / Math.Max(1, liveNodes()));

    private void CallAgain(long ticks, TimeSpan spacing, bool exactly)
    {
        var wait = time.GetElapsedTime(0, ticks);
        var fine = exactly || spacing < Fine;
        var early = exactly ? TimerLateness + Millisecond : fine ? TimerLateness : TimeSpan.Zero;
        if (wait <= (spacing < VeryFine ? VeryFine : early))
        {
            if (!polling)
            {
                polling = true;
                ThreadPool.UnsafeQueueUserWorkItem(static p => p.Poll(), this, preferLocal: false);
            }

            return;
        }

        // Timers count whole milliseconds: rounded up, or, where each one matters, waking early and polling for the rest.
        var milliseconds = fine ? Math.Floor((wait - early).TotalMilliseconds) + 1 : Math.Ceiling(wait.TotalMilliseconds);
        timer ??= time.CreateTimer(static p => ((ProjectPacer)p!).Poll(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        timer.Change(TimeSpan.FromMilliseconds(milliseconds), Timeout.InfiniteTimeSpan);
    }

    private TimeSpan? PauseLeft() => pausedUntil is { } until && until > time.GetTimestamp() ? time.GetElapsedTime(time.GetTimestamp(), until) : null;

    /// <summary>One request on the wire.</summary>
    internal sealed class Permit(ProjectPacer pacer, long startedAt, int generation, PaceLimits limits) : IDisposable
    {
        private ProjectPacer? pacer = pacer;

        /// <summary>Timestamp of the start.</summary>
        public long StartedAt { get; } = startedAt;

        /// <summary>How many pauses the project had had by then.</summary>
        public int Generation { get; } = generation;

        /// <summary>What the request kept.</summary>
        public PaceLimits Limits { get; } = limits;

        public void Dispose() => Interlocked.Exchange(ref pacer, null)?.Leave(this);
    }

    private sealed class Waiter(PaceLimits limits, TimeSpan patience)
        : TaskCompletionSource<Permit>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public PaceLimits Limits { get; } = limits;

        public TimeSpan Patience { get; } = patience;

        /// <summary>Ends the wait with the token; it is let go of as soon as the wait has ended.</summary>
        public void GiveUpOn(CancellationToken stop)
        {
            if (Task.IsCompleted)
            {
                return;
            }

            var registration = stop.UnsafeRegister(static (w, token) => ((Waiter)w!).TrySetCanceled(token), this);
            _ = Task.ContinueWith(
                static (_, r) => ((CancellationTokenRegistration)r!).Dispose(), registration,
                CancellationToken.None, TaskContinuationOptions.DenyChildAttach, TaskScheduler.Default);
        }
    }
}
