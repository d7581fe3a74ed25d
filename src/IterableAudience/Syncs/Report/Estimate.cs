using IterableAudience.Iterable;

namespace IterableAudience.Syncs.Report;

/// <summary>
/// How long a sync still takes: its open requests, and those of other syncs of the project that take turns with it, on whatever node, at the speed that
/// the project allows. Pure.
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

    /// <summary>Requests per second that are possible now.</summary>
    /// <param name="Project">What the project allows all nodes together: its adapted rate.</param>
    /// <param name="Node">What answers as slow as now leave to this node, with so many in flight as are its share; infinite before the first.</param>
    internal readonly record struct Speed(double Project, double Node)
    {
        public static Speed Of(PaceLimits limits, in PaceStatus status)
        {
            var inFlight = status.MaxInFlight > 0 ? status.MaxInFlight : limits.MaxInFlight;
            return new(
                status.EffectiveRate > 0 ? Math.Min(limits.RequestsPerSecond, status.EffectiveRate) : limits.RequestsPerSecond,
                status.AnswerTime > TimeSpan.Zero ? inFlight / status.AnswerTime.TotalSeconds : double.PositiveInfinity);
        }
    }

    /// <summary>Seconds to the last answer, rounded up; 0 when there is nothing to send.</summary>
    /// <param name="own">The sync.</param>
    /// <param name="here">Other syncs of the same project on this node.</param>
    /// <param name="elsewhere">Those on other nodes: they share the rate, and have a share of the requests in flight of their own.</param>
    /// <param name="speed">How fast it may go.</param>
    /// <param name="pause">What is left of the project's pause.</param>
    public static long Seconds(in Part own, IEnumerable<Part> here, IEnumerable<Part> elsewhere, in Speed speed, TimeSpan pause)
    {
        if (own.Requests == 0)
        {
            return 0;
        }

        var (project, node) = (own.Requests, own.Requests);
        foreach (var other in here)
        {
            var requests = Before(own, other) + Beside(own, other);
            (project, node) = (project + requests, node + requests);
        }

        foreach (var other in elsewhere)
        {
            var before = Before(own, other);
            (project, node) = (project + before + Beside(own, other), node + before);
        }

        return (long)Math.Ceiling(pause.TotalSeconds + Math.Max(project / speed.Project, node / speed.Node));
    }

    /// <summary>Requests of another sync of the list that are sent before this one begins.</summary>
    private static long Before(in Part own, in Part other)
        => other.ListNo == own.ListNo && !own.HasList && (other.HasList || other.No < own.No) ? other.Requests : 0;

    /// <summary>Requests of a sync of another list that are sent in turn with this one's, until the shorter of the two has ended.</summary>
    private static long Beside(in Part own, in Part other) => other.ListNo == own.ListNo ? 0 : Math.Min(own.Requests, other.Requests);

    private static long Batches(long operations) => (Math.Max(0, operations) + BatchSize - 1) / BatchSize;
}
