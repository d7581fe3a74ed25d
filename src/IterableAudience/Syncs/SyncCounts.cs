using IterableAudience.Records;

namespace IterableAudience.Syncs;

/// <summary>What staging and planning count, and at the end what was delivered; stored with the sync.</summary>
internal sealed class SyncCounts
{
    public long Insert { get; set; }

    public long Update { get; set; }

    public long Delete { get; set; }

    /// <summary>Records without an action that exists: not readable, or not known.</summary>
    public long Unreadable { get; set; }

    /// <summary>Records that a full push can't place: their row may be anybody's, so nobody is removed for absence.</summary>
    public long WithoutKey { get; set; }

    /// <summary>Members that a full sync did not find.</summary>
    public long Absent { get; set; }

    /// <summary>Failures of earlier syncs tried again.</summary>
    public long Retried { get; set; }

    /// <summary>Bad identifiers dropped from records that go on with their other one.</summary>
    public long IdentifierDropped { get; set; }

    /// <summary>The sync was not to remove whom it doesn't find.</summary>
    public bool RemovalsSkipped { get; set; }

    /// <summary>Entries that it would have removed, or tried to again; null where that was not counted: only a full sync sees them all.</summary>
    public long? LeftAlone { get; set; }

    /// <summary>Somebody may be on the list for it. A source that lacks nobody has lost nobody.</summary>
    public bool PutsOffRemovals => RemovalsSkipped && (SourceRows is null || LeftAlone != 0);

    /// <summary>Rows that the source has; null for pushed records.</summary>
    public long? SourceRows { get; set; }

    public long PlannedSubscribes { get; set; }

    public long PlannedUnsubscribes { get; set; }

    /// <summary>Removals that the guard counts: of member and maybe entries, and of people whom somebody held until now.</summary>
    public long Removals { get; set; }

    /// <summary>People who would leave and stay, since a row that is held back names them, or one may that this sync has not read: the next one compares as a whole.</summary>
    public long Stays { get; set; }

    /// <summary>Member and maybe entries of the connection when the plan was made.</summary>
    public long MembersBefore { get; set; }

    /// <summary>How far the plan came; null until the sync has ended, where nothing was to be sent, and where an older version ended it.</summary>
    public DeliveryCounts? Delivery { get; set; }

    public long Received => Insert + Update + Delete + Unreadable;

    public long Total => Received + Absent + Retried;

    /// <summary>Forgets what a plan counted that was not finished.</summary>
    public void ForgetPlan() => (Absent, Retried, PlannedSubscribes, PlannedUnsubscribes, Removals, Stays, LeftAlone) = (0, 0, 0, 0, 0, 0, null);

    /// <summary>Counts one record that came in.</summary>
    public void Count(RecordAction? action, bool identifierDropped, bool hasKey)
    {
        switch (action)
        {
            case RecordAction.Insert: Insert++; break;
            case RecordAction.Update: Update++; break;
            case RecordAction.Delete: Delete++; break;
            default: Unreadable++; break;
        }

        IdentifierDropped += identifierDropped ? 1 : 0;
        WithoutKey += hasKey ? 0 : 1;
    }
}

/// <summary>What became of a plan's operations, one per identity.</summary>
internal readonly record struct DeliveryCounts(DeliveryCounts.Part Subscribe, DeliveryCounts.Part Unsubscribe)
{
    /// <summary>Operations of one kind.</summary>
    /// <param name="Attempted">Sent, or given up after trying.</param>
    /// <param name="Succeeded">Accepted by Iterable.</param>
    internal readonly record struct Part(long Attempted, long Succeeded)
    {
        public Part Plus(bool succeeded) => new(Attempted + 1, Succeeded + (succeeded ? 1 : 0));
    }
}
