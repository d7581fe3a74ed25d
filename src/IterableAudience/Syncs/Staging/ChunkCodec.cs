using IterableAudience.Records;
using IterableAudience.Store;

namespace IterableAudience.Syncs.Staging;

/// <summary>
/// The blob of a chunk: a version byte, then records one after the other. A record is its flags, its line (varint), the texts that the
/// flags name in the order primary key, record id, e-mail, userId, with <see cref="StagedFlags.HasFaults"/> three reasons and a detail, and with
/// <see cref="StagedFlags.HasHistory"/> its attempts and its sync (varints).
/// </summary>
internal static class ChunkCodec
{
    public const byte Version = 1;

    /// <summary>Refused values are kept to be shown; so much of them is enough.</summary>
    private const int ShownCharacters = 512;

    /// <summary>Appends one record with what validation said of it.</summary>
    public static void Write(BlobWriter blob, in ReceivedRecord record, in RecordVerdict verdict, bool unusable, bool holds = false)
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
            | (unusable ? StagedFlags.Unusable : 0)
            | (holds ? StagedFlags.Holds : 0);
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

    /// <summary>Appends a record that later syncs try again: its key, its action and whom it names.</summary>
    /// <param name="blob">Of the retry set, or of the chunk of a sync that tries it again.</param>
    /// <param name="record">As it was staged.</param>
    /// <param name="identity">Whom it names; none for a delete by key alone.</param>
    /// <param name="attempts">How often it was sent by now.</param>
    /// <param name="since">The sync that it came with.</param>
    public static void WriteRetried(BlobWriter blob, in StagedRecord record, Identity identity, int attempts, long since)
    {
        var named = identity.Email is not null || identity.UserId is not null;
        var flags = (StagedFlags)record.Action!.Value | StagedFlags.Retried | StagedFlags.HasHistory
            | (record.PrimaryKey.Exists ? StagedFlags.HasPrimaryKey : 0)
            | (identity.Email is null ? 0 : StagedFlags.HasEmail)
            | (identity.UserId is null ? 0 : StagedFlags.HasUserId)
            | (named ? StagedFlags.HasIdentity : 0);
        WriteHead(blob, flags, record.Line, record.Text(record.PrimaryKey), null, identity.Email, identity.UserId);
        blob.Varint((uint)attempts);
        blob.Varint((uint)since);
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

            if ((record.Flags & StagedFlags.HasHistory) != 0)
            {
                record.Attempts = (int)reader.Varint();
                record.Since = reader.Varint();
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
