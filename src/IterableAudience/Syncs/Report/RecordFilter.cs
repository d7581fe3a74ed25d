using System.Text;
using IterableAudience.Records;
using IterableAudience.Syncs.Staging;

namespace IterableAudience.Syncs.Report;

/// <summary>Which records are wanted. Outcomes, reason and action narrow down; the search finds one person's.</summary>
internal sealed record RecordFilter(Outcome[]? Outcomes, Reason? Reason, RecordAction? Action, RecordSearch? Search)
{
    /// <summary>A bit per wanted outcome, to pass over chunks that have none of them; -1 wants all.</summary>
    public long Bits => Outcomes is null ? -1 : Outcomes.Aggregate(0L, (bits, o) => bits | (1L << (int)o));

    public bool Takes(RecordOutcome outcome, in StagedRecord record)
        => (Outcomes is null || Outcomes.Contains(outcome.Outcome))
            && (Reason is null || outcome.Reason == Reason)
            && (Action is null || record.Action == Action)
            && (Search is null || Search.Finds(record));
}

/// <summary>All given values must be those of the record, or for a person one of them. E-mails are compared in their normal form.</summary>
internal sealed class RecordSearch(string? email, string? userId, string? primaryKey, string? recordId)
{
    private readonly byte[]? _email = email is null ? null : Encoding.UTF8.GetBytes(email.Trim().ToLowerInvariant());
    private readonly byte[]? _rawEmail = email is null ? null : Encoding.UTF8.GetBytes(email);
    private readonly byte[]? _userId = userId is null ? null : Encoding.UTF8.GetBytes(userId);
    private readonly byte[]? _primaryKey = primaryKey is null ? null : Encoding.UTF8.GetBytes(primaryKey);
    private readonly byte[]? _recordId = recordId is null ? null : Encoding.UTF8.GetBytes(recordId);

    private bool _isPerson;

    /// <summary>Records that have this e-mail address, or this userId.</summary>
    public static RecordSearch Person(string who) => new(who, who, null, null) { _isPerson = true };

    public bool Finds(in StagedRecord record)
        => _isPerson ? HasEmail(record) || HasUserId(record)
            : (_email is null || HasEmail(record))
            && (_userId is null || HasUserId(record))
            && (_primaryKey is null || (record.PrimaryKey.Exists && record.PrimaryKey.Of(record.Blob).SequenceEqual(_primaryKey)))
            && (_recordId is null || (record.RecordId.Exists && record.RecordId.Of(record.Blob).SequenceEqual(_recordId)));

    private bool HasEmail(in StagedRecord record)
        => record.Email.Exists && (record.Email.Of(record.Blob).SequenceEqual(_email) || record.Email.Of(record.Blob).SequenceEqual(_rawEmail));

    private bool HasUserId(in StagedRecord record) => record.UserId.Exists && record.UserId.Of(record.Blob).SequenceEqual(_userId);
}
