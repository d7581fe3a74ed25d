using System.Runtime.InteropServices;
using IterableAudience.Store;
using IterableAudience.Syncs.Staging;

namespace IterableAudience.Syncs.Plan;

/// <summary>What the three steps of planning share: the sync, its ledger, and the bytes on their way from one step to the next.</summary>
internal sealed class PlanRun(
    long sync, long connection, int partitions, PlanMode mode, KeyedHash hash, SyncCounts counts, int spill) : IDisposable
{
    private readonly Lock _gate = new();

    public long Sync { get; } = sync;

    public long Connection { get; } = connection;

    /// <summary>1, or <see cref="Stager.LargePartitions"/>.</summary>
    public int Partitions { get; } = partitions;

    public PlanMode Mode { get; } = mode;

    public KeyedHash Hash { get; } = hash;

    public SyncCounts Counts { get; } = counts;

    /// <summary>What each spill may keep in memory, in bytes.</summary>
    public int SpillBytes { get; } = spill;

    /// <summary>Operations by key slice: ord, flags, length, body of each.</summary>
    public Spill Operations { get; } = new(partitions, spill);

    /// <summary>Where the reach of userIds is compared, by identity slice.</summary>
    public Spill Users { get; } = new(partitions, spill);

    public Spill Emails { get; } = new(partitions, spill);

    /// <summary>What the comparison found, by key slice of the operation.</summary>
    public Spill Findings { get; } = new(partitions, spill);

    /// <summary>Places of kept records that are not tried again, by key slice (<see cref="Retry.KeylessDeletes"/>).</summary>
    public Spill Outdated { get; } = new(partitions, spill);

    public bool HasLeavers { get; private set; }

    /// <summary>Plans every key by <see cref="KeyRules"/>, those too for which there is a shorter way. The plan is the same; a test sees to that.</summary>
    public bool RulesOnly { get; init; }

    /// <summary>First and last key hash of a slice.</summary>
    public (long From, long To) Range(int part)
        => Partitions == 1 ? (long.MinValue, long.MaxValue) : (((long)part - 128) << 56, (((long)part - 128) << 56) | 0x00FF_FFFF_FFFF_FFFF);

    /// <summary>The slice that an identity hash belongs to, by the half that the index of holders is sorted by (<see cref="KeyedHash.Short"/>): a slice asks for holders that lie together.</summary>
    public int IdentityPart(UInt128 identityHash) => Partitions == 1 ? 0 : (int)(byte)(identityHash >> 56);

    /// <summary>How many syncs ago a record came, 0 for those of this sync.</summary>
    public int AgeOf(in StagedRecord record) => record.Since == 0 ? 0 : (int)Math.Clamp(Sync - record.Since, 1, int.MaxValue);

    /// <summary>Takes what one slice brought, for the next steps. Slices may be planned at the same time.</summary>
    public void Take(int part, SlicePlan plan, int retried, int leftAlone)
    {
        lock (_gate)
        {
            Counts.Retried += retried;
            Counts.LeftAlone += leftAlone;
            HasLeavers |= plan.HasLeavers;
            Operations.Append(part, plan.Operations);
            Deal(plan.Users, Users);
            Deal(plan.Emails, Emails);
        }
    }

    public void Dispose()
    {
        Operations.Dispose();
        Users.Dispose();
        Emails.Dispose();
        Findings.Dispose();
        Outdated.Dispose();
    }

    private void Deal(ReadOnlySpan<IdentityRef> references, Spill spill)
    {
        for (var i = 0; i < references.Length; i++)
        {
            spill.Append(IdentityPart(references[i].Hash), MemoryMarshal.AsBytes(references.Slice(i, 1)));
        }
    }
}
