namespace IterableAudience.Iterable;

/// <summary>
/// When the next request of one Iterable project may start. In this process (<see cref="ProcessBudget"/>), or in a store that several nodes
/// share. A pacer calls it under its lock and one call of <see cref="NextAsync"/> at a time, so an implementation that waits has to do so elsewhere.
/// </summary>
internal interface IRateBudget
{
    /// <summary>The next start, the same one until it has been used. Asked for when somebody waits for it and nothing else is in the way.</summary>
    /// <param name="limits">Of the request that is next.</param>
    /// <param name="wanted">How many starts could be used one soon after the other, with this one: a budget that is far away may get them together.</param>
    ValueTask<StartSlot> NextAsync(PaceLimits limits, int wanted);

    /// <summary>A request has started, at a timestamp of the process.</summary>
    void Started(long at);

    /// <summary>A request that started in this generation got another answer than 429: a series of 429 has ended.</summary>
    void Answered(int generation);

    /// <summary>
    /// A request got a 429: lowers the rate and pauses the project, for as long as Iterable says or else for a time that doubles with each 429
    /// in a row. Requests that were on the wire together (of one generation) count as one.
    /// </summary>
    ValueTask<PauseNote> ThrottledAsync(Throttle throttle);
}

/// <summary>When a request may start. Times are timestamps of the process.</summary>
/// <param name="At">Not before.</param>
/// <param name="Latest">Not after: a later start would come too near to the next one. Whoever misses it asks again.</param>
/// <param name="PausedUntil">Later than now: nothing may start, and nothing was reserved.</param>
/// <param name="Rate">Requests per second at the moment, the adapted rate.</param>
/// <param name="Generation">How many pauses the project has had.</param>
/// <param name="Strikes">How many 429 in a row, since the last other answer.</param>
/// <param name="IsReserved">The start is this node's alone, and lost if it isn't used.</param>
internal readonly record struct StartSlot(long At, long Latest, long PausedUntil, double Rate, int Generation, int Strikes, bool IsReserved);

/// <summary>A 429, as a budget needs to know it.</summary>
/// <param name="Generation">Of the request.</param>
/// <param name="RequestsPerSecond">The limit of the request's account.</param>
/// <param name="RetryAfter">What Iterable says.</param>
/// <param name="BackoffBase">The first pause when it says nothing.</param>
/// <param name="Jitter">A random number from 0 up to 1.</param>
internal readonly record struct Throttle(int Generation, double RequestsPerSecond, TimeSpan? RetryAfter, TimeSpan BackoffBase, double Jitter);

/// <summary>What a 429 led to.</summary>
/// <param name="Pause">How long the whole project pauses, from now.</param>
/// <param name="Rate">Requests per second when it goes on.</param>
/// <param name="Generation">Of the requests that follow.</param>
/// <param name="Strikes">How many 429 in a row.</param>
internal readonly record struct PauseNote(TimeSpan Pause, double Rate, int Generation, int Strikes);
