namespace IterableAudience.Records;

/// <summary>What became of a record; a closed set, and every record ends in exactly one of them. The numbers are stored.</summary>
public enum Outcome : byte
{
    /// <summary>Not known yet: the sync still runs.</summary>
    Pending = 0,

    /// <summary>Iterable accepted the person for the list.</summary>
    Subscribed = 1,

    /// <summary>Iterable took the person off the list, or the person was not on it.</summary>
    Unsubscribed = 2,

    /// <summary>A full push repeated what the ledger already holds; nothing was sent.</summary>
    Unchanged = 3,

    /// <summary>The row is gone, but another record holds the person; nothing was sent.</summary>
    Retained = 4,

    /// <summary>A later record of the same key replaced this one.</summary>
    Superseded = 5,

    /// <summary>Validation refused the record; it was never sent and changed nothing.</summary>
    Rejected = 6,

    /// <summary>It was sent, and Iterable did not accept it or never answered.</summary>
    Failed = 7,

    /// <summary>Iterable has erased this person on request and refuses to take the person back.</summary>
    Forgotten = 8,

    /// <summary>Planned, but the sync ended before it was sent.</summary>
    NotSent = 9,

    /// <summary>A dry run: this is what would have been sent.</summary>
    Planned = 10,
}
