using System.Runtime.InteropServices;

namespace IterableAudience.Syncs.Plan;

/// <summary>What the comparison of identities found out about an operation. Most operations have none: they stand alone.</summary>
internal enum FindingKind : byte
{
    /// <summary>A subscribe of the same person stands for this one.</summary>
    FollowSubscribe,

    /// <summary>Somebody holds the person after this sync: nothing is sent.</summary>
    Held,

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
