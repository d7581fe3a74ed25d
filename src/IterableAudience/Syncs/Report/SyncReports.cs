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

    /// <param name="progress">Of a sync that isn't closed.</param>
    /// <param name="eta">Seconds that it still takes; null when that isn't known.</param>
    public static SyncReport Running(SyncProgress progress, long? eta)
    {
        var counts = progress.Counts;
        var outcomes = new OutcomeCounts();
        for (var outcome = Outcome.Subscribed; outcome <= Outcome.NotSent; outcome++)
        {
            outcomes.Add(new(outcome, Reason.None), progress.SoFar(outcome));
        }

        return new(
            Received(counts), outcomes.ByOutcome(), [], Warnings(counts), new(counts.PlannedSubscribes, counts.PlannedUnsubscribes), progress.Requests,
            new(Math.Max(progress.Staged, counts.Received), progress.Planned, progress.Sent, eta, LimitedBy(progress)));
    }

    /// <summary>The report of a held plan that is discarded when its records are gone already: what waited is dropped, nothing else moves.</summary>
    public static SyncReport Discarded(SyncReport held)
        => held with
        {
            Reasons = [.. held.Reasons.Select(r => r.Reason == Reason.PlanHeld.Word() ? r with { Reason = Reason.PlanDiscarded.Word()! } : r)],
        };

    /// <summary>What a running sync waits for. Until it has its list, and while it plans and closes, the store is what it waits for.</summary>
    private static string LimitedBy(SyncProgress progress) => progress switch
    {
        { Phase: SyncPhase.Closed } => "nothing",
        { StoreInTrouble: true } => "store",
        { Phase: SyncPhase.Staging } => Word(progress.Waits.Most ?? Wait.Source),
        { Phase: SyncPhase.Sending } => Word(progress.Waits.Most ?? Wait.Iterable),
        _ => "store",
    };

    private static string Word(Wait wait) => wait switch
    {
        Wait.Iterable => "iterable",
        Wait.Store => "store",
        _ => "source",
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

        if (counts.PutsOffRemovals)
        {
            warnings.Add(new("removals_skipped", 1));
        }

        return warnings;
    }
}
