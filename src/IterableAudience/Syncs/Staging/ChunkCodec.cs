using IterableAudience.Records;
using IterableAudience.Store;

namespace IterableAudience.Syncs.Staging;

/// <summary>
/// The blob of a chunk: a version byte, then records one after the other. A record is its flags, its line (varint), the texts that the
/// flags name in the order primary key, record id, e-mail, userId, and with <see cref="StagedFlags.HasFaults"/> three reasons and a detail.
/// </summary>
internal static class ChunkCodec
{
    public const byte Version = 1;

    /// <summary>Refused values are kept to be shown; so much of them is enough.</summary>
    private const int ShownCharacters = 512;

    /// <summary>Appends one record with what validation said of it.</summary>
    public static void Write(BlobWriter blob, in ReceivedRecord record, in RecordVerdict verdict, bool unusable)
    {
        var flags = record.Action is { } action ? (StagedFlags)action : StagedFlags.NoAction;
        var email = verdict.HasIdentity ? verdict.Identity.Email : Shown(record.Email);
        var userId = verdict.HasIdentity ? verdict.Identity.UserId : Shown(record.UserId);
        var faults = verdict.Rejection != Reason.None || verdict.IdentifierDropped;
        flags |= (record.PrimaryKey is null ? 0 : StagedFlags.HasPrimaryKey)
            | (record.RecordId is null ? 0 : StagedFlags.HasRecordId)
            | (email is null ? 0 : StagedFlags.HasEmail)
            | (userId is null ? 0 : StagedFlags.HasUserId)
            | (verdict.HasIdentity ? StagedFlags.HasIdentity : 0)
            | (verdict.IdentifierDropped ? StagedFlags.Dropped : 0)
            | (faults ? StagedFlags.HasFaults : 0)
            | (unusable ? StagedFlags.Unusable : 0);
        WriteHead(blob, flags, record.Line, record.PrimaryKey, record.RecordId, email, userId);
        if (faults)
        {
            blob.Byte((byte)verdict.Rejection);
            blob.Byte((byte)verdict.EmailFault);
            blob.Byte((byte)verdict.UserIdFault);
            blob.Text(record.FaultDetail ?? "");
        }
    }

    /// <summary>Appends a removal that nobody sent: an absent member or a removal tried again.</summary>
    public static void WriteOwn(BlobWriter blob, StagedFlags origin, string? primaryKey, string? email, string? userId)
    {
        var flags = (StagedFlags)RecordAction.Delete | StagedFlags.HasIdentity | origin
            | (primaryKey is null ? 0 : StagedFlags.HasPrimaryKey)
            | (email is null ? 0 : StagedFlags.HasEmail)
            | (userId is null ? 0 : StagedFlags.HasUserId);
        WriteHead(blob, flags, 0, primaryKey, null, email, userId);
    }

    /// <summary>Reads all records of a chunk into <paramref name="records"/>.</summary>
    public static void Read(byte[] blob, int seq, List<StagedRecord> records)
    {
        var reader = new BlobReader(blob);
        if (reader.Byte() != Version)
        {
            throw new InvalidDataException("A chunk of staged records has a version that this program does not know.");
        }

        for (var index = 0; !reader.AtEnd; index++)
        {
            var record = new StagedRecord { Seq = seq, Index = index, Blob = blob, Flags = (StagedFlags)reader.UInt16(), Line = (int)reader.Varint() };
            record.PrimaryKey = (record.Flags & StagedFlags.HasPrimaryKey) != 0 ? reader.SkipText() : Slice.None;
            record.RecordId = (record.Flags & StagedFlags.HasRecordId) != 0 ? reader.SkipText() : Slice.None;
            record.Email = (record.Flags & StagedFlags.HasEmail) != 0 ? reader.SkipText() : Slice.None;
            record.UserId = (record.Flags & StagedFlags.HasUserId) != 0 ? reader.SkipText() : Slice.None;
            record.Detail = Slice.None;
            if ((record.Flags & StagedFlags.HasFaults) != 0)
            {
                record.Rejection = (Reason)reader.Byte();
                record.EmailFault = (Reason)reader.Byte();
                record.UserIdFault = (Reason)reader.Byte();
                record.Detail = reader.SkipText();
            }

            records.Add(record);
        }
    }

    private static void WriteHead(BlobWriter blob, StagedFlags flags, int line, string? primaryKey, string? recordId, string? email, string? userId)
    {
        blob.UInt16((ushort)flags);
        blob.Varint((uint)line);
        WriteIf(blob, primaryKey);
        WriteIf(blob, recordId);
        WriteIf(blob, email);
        WriteIf(blob, userId);
    }

    private static void WriteIf(BlobWriter blob, string? text)
    {
        if (text is not null)
        {
            blob.Text(text);
        }
    }

    private static string? Shown(string? value)
        => value is null || value.Length <= ShownCharacters ? value
            : char.IsHighSurrogate(value[ShownCharacters - 1]) ? value[..(ShownCharacters - 1)] : value[..ShownCharacters];
}
