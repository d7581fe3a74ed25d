using IterableAudience.Records;

namespace IterableAudience.Syncs.Report;

/// <summary>Makes reports of counts: the final one, and what is known while a sync runs.</summary>
internal static class SyncReports
{
    public static SyncReport Closed(SyncCounts counts, OutcomeCounts outcomes, RequestCounts requests)
    {
        var planned = counts.PlannedSubscribes + counts.PlannedUnsubscribes;
        return new(
            Received(counts), outcomes.ByOutcome(), outcomes.ByReason(), Warnings(counts),
            new(counts.PlannedSubscribes, counts.PlannedUnsubscribes), requests,
            new(counts.Received, planned, outcomes.Answered, 0, "nothing"));
    }

    public static SyncReport Running(SyncProgress progress)
    {
        var counts = progress.Counts;
        var outcomes = new OutcomeCounts();
        for (var outcome = Outcome.Subscribed; outcome <= Outcome.NotSent; outcome++)
        {
            outcomes.Add(new(outcome, Reason.None), progress.SoFar(outcome));
        }

        var open = Math.Max(0, progress.Planned - progress.Sent);
        var sending = progress.Phase == SyncPhase.Sending;
        return new(
            Received(counts), outcomes.ByOutcome(), [], Warnings(counts), new(counts.PlannedSubscribes, counts.PlannedUnsubscribes), progress.Requests,
            new(
                Math.Max(progress.Staged, counts.Received), progress.Planned, progress.Sent,
                sending && progress.RequestsPerSecond > 0 ? (long)Math.Ceiling(Math.Ceiling(open / 1000.0) / progress.RequestsPerSecond) : null,
                progress.Phase switch
                {
                    SyncPhase.Staging => "source",
                    SyncPhase.Planning or SyncPhase.Closing => "store",
                    SyncPhase.Sending => "iterable",
                    _ => "nothing",
                }));
    }

    /// <summary>The report of a held plan that is discarded when its records are gone already: what waited is dropped, nothing else moves.</summary>
    public static SyncReport Discarded(SyncReport held)
        => held with
        {
            Reasons = [.. held.Reasons.Select(r => r.Reason == Reason.PlanHeld.Word() ? r with { Reason = Reason.PlanDiscarded.Word()! } : r)],
        };

    private static ReceivedCounts Received(SyncCounts c)
        => new(c.Total, c.Insert, c.Update, c.Delete, c.Unreadable, c.Absent, c.Retried);

    private static List<WarningCount> Warnings(SyncCounts counts)
    {
        List<WarningCount> warnings = [];
        if (counts.IdentifierDropped > 0)
        {
            warnings.Add(new("identifier_dropped", counts.IdentifierDropped));
        }

        if (counts.RemovalsSkipped)
        {
            warnings.Add(new("removals_skipped", 1));
        }

        return warnings;
    }
}
