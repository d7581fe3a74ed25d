using System.Runtime.InteropServices;

namespace IterableAudience.Syncs.Plan;

/// <summary>What the comparison of identities found out about an operation. Most operations have none: they stand alone.</summary>
internal enum FindingKind : byte
{
    /// <summary>A subscribe of the same person stands for this one.</summary>
    FollowSubscribe,

    /// <summary>An entry of somebody else holds the person: nothing is sent.</summary>
    Held,

    /// <summary>This subscribe holds the person, once it is accepted: nothing is sent.</summary>
    HeldByRecord,

    /// <summary>A row that is held back names the person: nothing is sent, and a member whose own row is gone stays one.</summary>
    HeldByRow,

    /// <summary>Somebody else's entry has the e-mail: it must not be named.</summary>
    EmailHeld,

    /// <summary>As before, but only if this sync goes as planned: it is settled by the next one.</summary>
    EmailHeldForNow,

    /// <summary>A leaver that is the same person stands for this one.</summary>
    FollowUnsubscribe,

    /// <summary>As before, but that one waits for a replacement.</summary>
    FollowReplaced,

    /// <summary>May only be sent once this subscribe is accepted.</summary>
    DependsOn,
}

[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal struct Finding
{
    public int Ord;
    public int OtherOrd;
    public ushort OtherPart;
    public FindingKind Kind;
    public byte Unused;

    public readonly OpRef Other => new(OtherPart, OtherOrd);
}
