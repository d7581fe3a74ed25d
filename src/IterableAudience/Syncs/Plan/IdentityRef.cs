using System.Runtime.InteropServices;

namespace IterableAudience.Syncs.Plan;

/// <summary>
/// One identifier of one operation, on its way to the others with the same identifier. An operation with both identifiers has two.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 8)]
internal struct IdentityRef
{
    public ulong HashHigh;
    public ulong HashLow;

    /// <summary>Key and slot of the ledger entry that a leaver ends; for a subscribe, hash of its other identifier (0: none).</summary>
    public long KeyHashOrOther;
    public int Ord;

    /// <summary>For <see cref="OpKind.Replace"/>: the subscribe that it waits for. Same part.</summary>
    public int SubscribeOrd;
    public int Line;

    /// <summary>For a record of an earlier sync, how many syncs ago it came; else 0. Older ones give way.</summary>
    public int Age;
    public ushort Part;
    public byte Slot;
    public OpKind Kind;
    public byte HasBoth;
    public byte HasUserId;

    /// <summary>0: of a record; 1: a leaving entry that is tried again; 2: one that is left alone now.</summary>
    public byte Retried;

    /// <summary>For a subscribe: the e-mail is really sent, not only remembered.</summary>
    public byte EmailSent;

    public readonly OpRef Ref => new(Part, Ord);

    public readonly UInt128 Hash => new(HashHigh, HashLow);

    public readonly bool IsSubscribe => Kind == OpKind.Subscribe;

    /// <summary>It would take somebody off.</summary>
    public readonly bool IsLeaver => Kind is not (OpKind.Subscribe or OpKind.Hold);

    public readonly bool HasEntry => Kind is OpKind.Leave or OpKind.Replace;
}
