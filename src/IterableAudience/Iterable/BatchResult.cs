using IterableAudience.Records;

namespace IterableAudience.Iterable;

/// <summary>What became of a batch.</summary>
/// <param name="Results">One for each subscriber, in their order; none is pending.</param>
/// <param name="End">How it ended, which says how the sync goes on.</param>
/// <param name="Message">What to check, for operators; null when the batch was answered.</param>
/// <param name="Attempts">How often the whole batch was sent; throttled requests and parts of it don't count.</param>
internal sealed record BatchResult(OperationResult[] Results, BatchEnd End, string? Message, int Attempts)
{
    /// <summary>A request of it was given up before its time (see <see cref="LastCall"/>): Iterable may still have it, until the attempt would have timed out.</summary>
    public bool IsGivenUp { get; init; }
}

/// <summary>How a batch ended.</summary>
internal enum BatchEnd
{
    /// <summary>Every operation has its own outcome.</summary>
    Answered,

    /// <summary>The attempts are used up: what is open has failed as <see cref="Reason.DeliveryFailed"/>. The next batch may do better.</summary>
    GaveUp,

    /// <summary>No batch of this sync can succeed (key, right, list, address): what is open is <see cref="Outcome.NotSent"/>.</summary>
    Abort,

    /// <summary>Nothing but 429 for <see cref="IterableOptions.ThrottlePatience"/>: the sync should end; what is open is <see cref="Outcome.NotSent"/>.</summary>
    ThrottledOut,

    /// <summary>The caller's stop token was set: what is open is <see cref="Outcome.NotSent"/>.</summary>
    Stopped,
}

/// <summary>What became of one operation.</summary>
/// <param name="Outcome">Subscribed, Unsubscribed, Failed, Forgotten or NotSent.</param>
/// <param name="Reason">Why; None where it simply worked.</param>
/// <param name="Detail">In words, for operators; never holds a value. Null where it simply worked.</param>
/// <param name="HttpStatus">Status of the answer that decided it; 0 when none did.</param>
/// <param name="MayBeApplied">It isn't known to have worked, but went out in a request whose answer was never understood: the person may be on the list, or off it.</param>
/// <param name="StillHolds">Of a leaver for whose person something else of its connection speaks that no entry does (yet): its own entry holds the person for other connections.</param>
internal readonly record struct OperationResult(Outcome Outcome, Reason Reason, string? Detail, int HttpStatus, bool MayBeApplied, bool StillHolds = false);
