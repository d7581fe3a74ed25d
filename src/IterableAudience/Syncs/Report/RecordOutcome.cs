using IterableAudience.Records;

namespace IterableAudience.Syncs.Report;

/// <summary>The outcome of one record, from its verdict and the outcomes of its operations.</summary>
internal readonly record struct RecordOutcome(Outcome Outcome, Reason Reason)
{
    /// <summary>The worse one of two: a record with a changed identity is not done while either half isn't.</summary>
    public static RecordOutcome Worse(RecordOutcome a, RecordOutcome b) => Badness(b.Outcome) > Badness(a.Outcome) ? b : a;

    private static int Badness(Outcome outcome) => outcome switch
    {
        Outcome.Pending => 9,
        Outcome.Failed => 8,
        Outcome.Forgotten => 7,
        Outcome.NotSent => 6,
        Outcome.Planned => 5,
        Outcome.Subscribed => 4,
        Outcome.Unsubscribed => 3,
        Outcome.Retained => 2,
        _ => 0,
    };
}
