namespace IterableAudience.Syncs.Ledger;

/// <summary>What the ledger knows of an identity that a row put on a list.</summary>
internal enum EntryState : byte
{
    /// <summary>No entry.</summary>
    None = 0,

    /// <summary>Iterable accepted the subscribe.</summary>
    Member = 1,

    /// <summary>A subscribe was sent and its answer never understood: the person may be on the list.</summary>
    Maybe = 2,

    /// <summary>
    /// The row is gone or has another identity now, and the removal is not accepted yet: it failed, or another row holds the person. Where that one has no
    /// entry of its own, this one still holds the person for others (<see cref="LedgerEntry.StillHolds"/>).
    /// </summary>
    Leaving = 3,
}
