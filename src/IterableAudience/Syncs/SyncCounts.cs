using IterableAudience.Records;

namespace IterableAudience.Syncs;

/// <summary>What staging and planning count; fixed once the sync is planned, and stored with it.</summary>
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

    public bool RemovalsSkipped { get; set; }

    public long PlannedSubscribes { get; set; }

    public long PlannedUnsubscribes { get; set; }

    /// <summary>Removals of member or maybe entries that the guard counts.</summary>
    public long Removals { get; set; }

    /// <summary>Member and maybe entries of the connection when the plan was made.</summary>
    public long MembersBefore { get; set; }

    public long Received => Insert + Update + Delete + Unreadable;

    public long Total => Received + Absent + Retried;

    /// <summary>Forgets what a plan counted that was not finished.</summary>
    public void ForgetPlan() => (Absent, Retried, PlannedSubscribes, PlannedUnsubscribes, Removals) = (0, 0, 0, 0, 0);

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
