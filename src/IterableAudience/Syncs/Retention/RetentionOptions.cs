namespace IterableAudience.Syncs.Retention;

/// <summary>How long what syncs leave behind is kept; counted from the end of the sync.</summary>
public sealed class RetentionOptions
{
    /// <summary>The section of the settings.</summary>
    public const string Section = "Retention";

    private static readonly TimeSpan LeastRecords = TimeSpan.FromHours(1);
    private static readonly TimeSpan LeastSyncs = TimeSpan.FromDays(1);
    private static readonly TimeSpan Longest = TimeSpan.FromDays(36500);

    /// <summary>Records with their outcomes, plans and request logs. Default 30 days; an hour to 36,500 days. The report stays.</summary>
    public TimeSpan Records { get; set; } = TimeSpan.FromDays(30);

    /// <summary>Syncs with their reports. Default 180 days; at least as long as <see cref="Records"/>, and a day, since idempotency keys are kept for a day. The newest sync of a connection stays.</summary>
    public TimeSpan Syncs { get; set; } = TimeSpan.FromDays(180);

    /// <summary>What is wrong with the settings, each with the mend; empty when nothing is.</summary>
    public IEnumerable<string> Faults()
    {
        if (Records < LeastRecords || Records > Longest)
        {
            yield return "Retention__Records must be from 01:00:00 (an hour) to 36500.00:00:00, e.g. 30.00:00:00 for 30 days.";
        }

        if (Syncs < LeastSyncs || Syncs > Longest)
        {
            yield return "Retention__Syncs must be from 1.00:00:00 (a day) to 36500.00:00:00, e.g. 180.00:00:00 for 180 days.";
        }

        if (Syncs < Records)
        {
            yield return "Retention__Syncs must not be shorter than Retention__Records: a sync goes with its records.";
        }
    }
}
