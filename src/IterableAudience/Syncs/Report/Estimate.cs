using IterableAudience.Iterable;

namespace IterableAudience.Syncs.Report;

/// <summary>
/// How long a sync still takes: its open requests, and those of other syncs that take turns with it, at the speed that the project allows. Pure.
/// </summary>
internal static class Estimate
{
    private const int BatchSize = 1000;

    /// <summary>A sync, as an estimate needs to know it.</summary>
    /// <param name="No">Its number: syncs of one list go in this order.</param>
    /// <param name="ListNo">Its list.</param>
    /// <param name="HasList">It has claimed the list.</param>
    /// <param name="Requests">Its open requests, from <see cref="OpenRequests"/>.</param>
    internal readonly record struct Part(long No, long ListNo, bool HasList, long Requests);

    /// <summary>Full batches of each kind that are still to be sent.</summary>
    public static long OpenRequests(long subscribes, long unsubscribes) => Batches(subscribes) + Batches(unsubscribes);

    /// <summary>Requests per second that are possible now: the adapted rate, or less when so many in flight with answers this slow don't reach it.</summary>
    public static double Speed(PaceLimits limits, in PaceStatus status)
    {
        var rate = status.EffectiveRate > 0 ? Math.Min(limits.RequestsPerSecond, status.EffectiveRate) : limits.RequestsPerSecond;
        var inFlight = status.MaxInFlight > 0 ? status.MaxInFlight : limits.MaxInFlight;
        return status.AnswerTime > TimeSpan.Zero ? Math.Min(rate, inFlight / status.AnswerTime.TotalSeconds) : rate;
    }

    /// <summary>Seconds to the last answer, rounded up; 0 when there is nothing to send.</summary>
    /// <param name="own">The sync.</param>
    /// <param name="others">Other syncs of the same project on this node.</param>
    /// <param name="speed">From <see cref="Speed"/>.</param>
    /// <param name="status">How the project stands.</param>
    public static long Seconds(in Part own, IEnumerable<Part> others, double speed, in PaceStatus status)
    {
        if (own.Requests == 0)
        {
            return 0;
        }

        var requests = own.Requests;
        foreach (var other in others)
        {
            // On one list, one after the other; else in turn, until the shorter one has ended.
            requests += other.ListNo == own.ListNo
                ? !own.HasList && (other.HasList || other.No < own.No) ? other.Requests : 0
                : Math.Min(own.Requests, other.Requests);
        }

        return (long)Math.Ceiling(status.PausedFor.TotalSeconds + (requests / speed));
    }

    private static long Batches(long operations) => (Math.Max(0, operations) + BatchSize - 1) / BatchSize;
}
