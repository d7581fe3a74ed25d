using IterableAudience.Records;
using IterableAudience.Store;
using IterableAudience.Syncs.Ledger;
using IterableAudience.Syncs.Send;
using IterableAudience.Syncs.Staging;

namespace IterableAudience.Syncs.Plan;

/// <summary>What an operation is.</summary>
internal enum OpKind : byte
{
    /// <summary>Put the identity of a row on the list.</summary>
    Subscribe = 0,

    /// <summary>Take the identity of a ledger entry off the list.</summary>
    Leave = 1,

    /// <summary>A delete whose key the ledger does not know: take the record's own identity off the list.</summary>
    UnknownDelete = 2,

    /// <summary>Take the old identity of a row off the list, once its new one is accepted.</summary>
    Replace = 3,

    /// <summary>No operation: a row that is held back says that its person is still there.</summary>
    Hold = 4,
}

[Flags]
internal enum OpFlags : ushort
{
    None = 0,
    HasEmail = 1 << 0,
    HasUserId = 1 << 1,

    /// <summary>The ledger remembers more than is sent: an identifier that this record lacks.</summary>
    LedgerDiffers = 1 << 2,

    /// <summary>Another person's entry has the e-mail: it must not be named when the userId isn't found.</summary>
    EmailHeld = 1 << 3,

    /// <summary>Takes the outcome of <see cref="PlanOp.Target"/>.</summary>
    Follows = 1 << 4,

    /// <summary>Waits for the operations in <see cref="PlanOp.DependsOn"/>.</summary>
    Depends = 1 << 5,

    /// <summary>A follow-up of the operation in <see cref="PlanOp.Target"/>: its outcome is that one's too.</summary>
    FollowUp = 1 << 6,

    /// <summary>A member that a full sync did not find.</summary>
    Absent = 1 << 7,

    /// <summary>A leaving entry of an earlier sync.</summary>
    Retried = 1 << 8,

    /// <summary>Changes slots of the key besides its own.</summary>
    HasSlots = 1 << 9,

    /// <summary>With <see cref="EmailHeld"/>: it hangs on answers of this very sync. A leaver whose userId isn't found stays leaving, and the next sync knows.</summary>
    EmailHeldForNow = 1 << 10,

    /// <summary>A leaving entry that still holds its person for others (<see cref="LedgerEntry.StillHolds"/>).</summary>
    StillHolds = 1 << 11,

    /// <summary>A leaving entry that is not tried again now (<see cref="PlanMode.LeavesAlone"/>).</summary>
    LeftAlone = 1 << 12,

    /// <summary>A leaving entry whose removal was tried before (<see cref="LedgerEntry.Asked"/>).</summary>
    Asked = 1 << 13,
}

/// <summary>
/// One operation of a plan with all that sending and recording it needs, so that a batch stands on its own.
/// </summary>
internal sealed class PlanOp
{
    public OpKind Kind { get; init; }

    public OpFlags Flags { get; set; }

    public OpRef Ref { get; set; }

    /// <summary>Line of the record, 0 where there is none. The last one wins.</summary>
    public int Line { get; init; }

    public long KeyHash { get; init; }

    /// <summary>The slot of the key's entry that this operation writes or ends.</summary>
    public byte Slot { get; init; }

    /// <summary>The state of that entry when the plan was made.</summary>
    public EntryState Prior { get; init; }

    public KeyKind KeyKind { get; init; }

    public string Key { get; init; } = "";

    /// <summary>What is sent (subscribe), or what the ledger holds (all others).</summary>
    public Identity Identity { get; init; }

    /// <summary>What the ledger remembers once a subscribe is accepted.</summary>
    public Identity LedgerIdentity { get; init; }

    /// <summary>Keyed hashes of the ledger identity for the holder index; 0 where there is none.</summary>
    public long UserHash { get; init; }

    public long EmailHash { get; init; }

    /// <summary>Entries of the key that an accepted subscribe replaces (same person).</summary>
    public (byte Slot, EntryState Prior)[] EndSlots { get; init; } = [];

    /// <summary>Entries of the key that become leaving when the subscribe is accepted (another person).</summary>
    public (byte Slot, EntryState Prior)[] LeaveSlots { get; init; } = [];

    public OpRef Target { get; set; }

    /// <summary>Stage, batch and place of the target where it is known (follow-ups).</summary>
    public (Stage Stage, int Batch, int Index) TargetPlace { get; set; }

    public OpRef[] DependsOn { get; set; } = [];

    public bool Is(OpFlags flag) => (Flags & flag) != 0;
}
