using System.Text;
using IterableAudience.Records;
using IterableAudience.Store;

namespace IterableAudience.Syncs.Staging;

/// <summary>One record in a chunk, read in place: texts stay slices of the blob until somebody wants them.</summary>
internal struct StagedRecord
{
    public int Seq;
    public int Index;
    public int Line;
    public StagedFlags Flags;
    public Reason Rejection;
    public Reason EmailFault;
    public Reason UserIdFault;
    public byte[] Blob;
    public Slice PrimaryKey;
    public Slice RecordId;
    public Slice Email;
    public Slice UserId;
    public Slice Detail;

    /// <summary>How often earlier syncs sent it.</summary>
    public int Attempts;

    /// <summary>The sync that it came with, where that is not this one; else 0.</summary>
    public long Since;

    /// <summary>Filled in by planning.</summary>
    public long KeyHash;

    public readonly bool IsRetried => (Flags & StagedFlags.Retried) != 0;

    public readonly bool HasIdentity => (Flags & StagedFlags.HasIdentity) != 0;

    public readonly RecordAction? Action
        => (Flags & StagedFlags.NoAction) == StagedFlags.NoAction ? null : (RecordAction)(byte)(Flags & StagedFlags.NoAction);

    /// <summary>The namespace and the slice of this record's key.</summary>
    public readonly (KeyKind Kind, Slice Key) Key
    {
        get
        {
            if (Rejection is Reason.MalformedRecord or Reason.NullPrimaryKey)
            {
                return (KeyKind.None, Slice.None);
            }

            if (PrimaryKey.Exists)
            {
                return (KeyKind.Primary, PrimaryKey);
            }

            return !HasIdentity ? (KeyKind.None, Slice.None)
                : UserId.Exists ? (KeyKind.UserId, UserId)
                : (KeyKind.Email, Email);
        }
    }

    /// <summary>Whom it names, where that is valid.</summary>
    public readonly Identity Identity => HasIdentity ? new Identity(Text(Email), Text(UserId)) : default;

    public readonly string? Text(Slice slice) => slice.Exists ? Encoding.UTF8.GetString(slice.Of(Blob)) : null;
}
