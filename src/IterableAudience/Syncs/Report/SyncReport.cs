using IterableAudience.Records;

namespace IterableAudience.Syncs.Report;

/// <summary>What a sync did, in numbers that add up: <c>received.total</c> is the sum of all outcomes.</summary>
public sealed record SyncReport(
    ReceivedCounts Received,
    IReadOnlyDictionary<string, long> Outcomes,
    IReadOnlyList<ReasonCount> Reasons,
    IReadOnlyList<WarningCount> Warnings,
    OperationCounts Operations,
    RequestCounts Requests,
    ProgressView Progress);

/// <summary>What came in, each record counted once.</summary>
/// <param name="Total">All of the others together.</param>
/// <param name="Insert">Records that say insert.</param>
/// <param name="Update">Records that say update.</param>
/// <param name="Delete">Records that say delete.</param>
/// <param name="Unreadable">Records without an action that exists.</param>
/// <param name="Absent">Members that a full sync did not find.</param>
/// <param name="Retried">Failures of earlier syncs that were tried again.</param>
public sealed record ReceivedCounts(long Total, long Insert, long Update, long Delete, long Unreadable, long Absent, long Retried);

/// <summary>How many records ended with an outcome for a reason.</summary>
public sealed record ReasonCount(string Outcome, string Reason, long Count);

/// <summary>How often something happened that costs no record: <c>identifier_dropped</c>, <c>removals_skipped</c>.</summary>
public sealed record WarningCount(string Warning, long Count);

/// <summary>Operations of the plan, one per identity.</summary>
public sealed record OperationCounts(long Subscribe, long Unsubscribe);

/// <summary>How far a sync is.</summary>
/// <param name="Staged">Records received so far.</param>
/// <param name="Planned">Operations in the plan.</param>
/// <param name="Sent">Operations that have an answer.</param>
/// <param name="EtaSeconds">Estimate of the time to the last answer, by what is staged or planned, at the speed that Iterable allows now and shared with other syncs of the project; 0 when closed, null when unknown.</param>
/// <param name="LimitedBy">What the sync lately waits for most: <c>iterable</c> (budget, pauses, answers), <c>store</c> (the list included), <c>source</c> (its body, or the warehouse) or <c>nothing</c>.</param>
public sealed record ProgressView(long Staged, long Planned, long Sent, long? EtaSeconds, string LimitedBy);

/// <summary>Counts of records by outcome and reason.</summary>
internal sealed class OutcomeCounts
{
    private readonly Dictionary<RecordOutcome, long> _counts = [];

    /// <summary>Operations of the plan that have an answer, or need none any more.</summary>
    public long Answered { get; set; }

    /// <summary>Operations of the plan that were sent, and those of them that Iterable accepted.</summary>
    public DeliveryCounts Delivery { get; private set; }

    /// <summary>Counts an operation of the plan that has a request of its own.</summary>
    public void Sent(bool subscribe, Outcome outcome)
    {
        if (outcome is Outcome.Subscribed or Outcome.Unsubscribed or Outcome.Failed or Outcome.Forgotten)
        {
            var accepted = outcome is Outcome.Subscribed or Outcome.Unsubscribed;
            Delivery = subscribe ? Delivery with { Subscribe = Delivery.Subscribe.Plus(accepted) } : Delivery with { Unsubscribe = Delivery.Unsubscribe.Plus(accepted) };
        }
    }

    public void Add(RecordOutcome outcome, long count = 1)
        => System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_counts, outcome, out _) += count;

    public long Of(params ReadOnlySpan<Outcome> outcomes)
    {
        var sum = 0L;
        foreach (var (key, count) in _counts)
        {
            sum += outcomes.Contains(key.Outcome) ? count : 0;
        }

        return sum;
    }

    /// <summary>Every outcome of the closed set, those that did not occur as 0.</summary>
    public Dictionary<string, long> ByOutcome()
    {
        var all = new Dictionary<string, long>();
        for (var outcome = Outcome.Subscribed; outcome <= Outcome.Planned; outcome++)
        {
            all[outcome.Word()] = Of(outcome);
        }

        return all;
    }

    public List<ReasonCount> ByReason()
        => [.. _counts.Where(c => c.Key.Reason != Reason.None && c.Key.Outcome != Outcome.Pending)
            .OrderBy(c => c.Key.Outcome).ThenByDescending(c => c.Value).ThenBy(c => c.Key.Reason)
            .Select(c => new ReasonCount(c.Key.Outcome.Word(), c.Key.Reason.Word()!, c.Value))];
}
