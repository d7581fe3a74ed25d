namespace IterableAudience.Iterable;

/// <summary>
/// One call to Iterable with all its attempts. Travels with the request through the handlers, which write down here what came:
/// the pipeline decides by it, and the caller reads the outcome from it.
/// </summary>
internal sealed class IterableCall(IterableProject project, BodyReader read)
{
    private static readonly HttpRequestOptionsKey<IterableCall> Key = new("IterableCall");

    public IterableProject Project { get; } = project;

    public BodyReader Read { get; } = read;

    /// <summary>Attempts at most; throttled ones don't count.</summary>
    public int MaxAttempts { get; init; } = 1;

    /// <summary>How long the call puts up with nothing but 429; null: not at all.</summary>
    public TimeSpan? ThrottlePatience { get; init; }

    /// <summary>How long the call waits for a project that is paused already.</summary>
    public TimeSpan PausePatience { get; init; }

    /// <summary>Whose call it is: callers of one project take turns.</summary>
    public required string Queue { get; init; }

    /// <summary>Until when an unknown list may just be new.</summary>
    public DateTimeOffset? ListIsNewUntil { get; init; }

    /// <summary>Told of each attempt; null for control calls.</summary>
    public Action<AttemptReport>? Log { get; init; }

    /// <summary>Whether an attempt may be started now; null: always.</summary>
    public ISendGate? Gate { get; init; }

    /// <summary>Attempts that weren't throttled, nor refused because the list is too new.</summary>
    public int Attempts { get; private set; }

    /// <summary>How often the list was unknown though new.</summary>
    public int ListMisses { get; private set; }

    /// <summary>Timestamp of the first 429.</summary>
    public long? FirstThrottled { get; private set; }

    /// <summary>What the last attempt brought; null when none was made.</summary>
    public Answer? Answer { get; private set; }

    /// <summary>An attempt may have been applied without anybody knowing.</summary>
    public bool MayBeApplied { get; private set; }

    /// <summary>An attempt was given up before its time, because the service stops: Iterable may still have it.</summary>
    public bool IsGivenUp { get; set; }

    /// <summary>The project was paused for longer than the call would wait.</summary>
    public bool IsPausedOut { get; set; }

    public static IterableCall Of(HttpRequestMessage request)
        => request.Options.TryGetValue(Key, out var call) ? call : throw new InvalidOperationException("A request to Iterable without its call.");

    public void AttachTo(HttpRequestMessage request) => request.Options.Set(Key, this);

    /// <summary>Whether an unknown list may be one that Iterable doesn't know yet.</summary>
    public bool IsListTooNew(DateTimeOffset now) => Answer?.Failure.Category == FailureCategory.UnknownList && now < ListIsNewUntil;

    /// <summary>Writes down what an attempt brought.</summary>
    /// <returns>The number of the attempt.</returns>
    public int Note(Answer answer, long startedAt, DateTimeOffset now)
    {
        Answer = answer;
        MayBeApplied |= answer.MayBeApplied;
        if (answer.Failure.Remedy == Remedy.SlowDown)
        {
            FirstThrottled ??= startedAt;
            return Attempts + 1;
        }

        if (IsListTooNew(now))
        {
            ListMisses++;
            return Attempts + 1;
        }

        return ++Attempts;
    }

    /// <summary>Refuses the call before it is sent.</summary>
    public void Refuse(FailureCategory category, string summary) => Answer = Answer.Failed(category, summary, mayBeApplied: false);
}

/// <summary>One attempt of a call, for the request log.</summary>
internal readonly record struct AttemptReport(DateTimeOffset At, TimeSpan Duration, int Attempt, Answer Answer);
