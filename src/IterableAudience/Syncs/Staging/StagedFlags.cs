namespace IterableAudience.Syncs.Staging;

/// <summary>The first two bytes of a staged record.</summary>
[Flags]
internal enum StagedFlags : ushort
{
    /// <summary>Bits 0 and 1 are the action; both set where the record names none.</summary>
    NoAction = 3,
    HasPrimaryKey = 1 << 2,
    HasRecordId = 1 << 3,
    HasEmail = 1 << 4,
    HasUserId = 1 << 5,

    /// <summary>E-mail and userId are valid and normalized; without it they are as received (shown, never sent).</summary>
    HasIdentity = 1 << 6,

    /// <summary>A warning: a bad identifier was dropped, the other one carries the record.</summary>
    Dropped = 1 << 7,

    /// <summary>Reason and faults follow.</summary>
    HasFaults = 1 << 8,

    /// <summary>Not received: a member that a full sync didn't find.</summary>
    Absent = 1 << 9,

    /// <summary>Not received by this sync: it failed, or was not sent, in an earlier one and is tried again.</summary>
    Retried = 1 << 10,

    /// <summary>The record can't be used whatever the ledger knows (malformed, unsupported, no key).</summary>
    Unusable = 1 << 11,

    /// <summary>How often it was sent before and the sync that it came with follow.</summary>
    HasHistory = 1 << 12,

    /// <summary>A row of a source that is held back, but says that the person is still there: nobody takes the person off.</summary>
    Holds = 1 << 13,
}
