using IterableAudience.Store;
using IterableAudience.Syncs.Ledger;
using IterableAudience.Syncs.Staging;

namespace IterableAudience.Syncs.Plan;

/// <summary>
/// What an operation of a batch says at first sight, read in place: no text is made. Enough to send and record the many that stand alone;
/// the others are read whole (<see cref="PlanOpCodec.Read"/>).
/// </summary>
internal readonly struct OpHead
{
    public OpKind Kind { get; init; }

    public OpFlags Flags { get; init; }

    public long KeyHash { get; init; }

    public byte Slot { get; init; }

    public EntryState Prior { get; init; }

    public KeyKind KeyKind { get; init; }

    /// <summary>What is sent (subscribe), or what the ledger holds (all others).</summary>
    public Slice Email { get; init; }

    public Slice UserId { get; init; }

    /// <summary>Key, e-mail and userId one after the other, each with its length: as a ledger entry has them.</summary>
    public Slice Texts { get; init; }

    /// <summary>Keyed hashes of the ledger identity; 0 where there is none.</summary>
    public long EmailHash { get; init; }

    public long UserHash { get; init; }

    /// <summary>Nothing hangs on it, it hangs on nothing, and the ledger is to remember what is sent.</summary>
    public bool IsPlain => (Flags & ~(OpFlags.HasEmail | OpFlags.HasUserId)) == 0;
}
