using IterableAudience.Connections;
using IterableAudience.Records;
using IterableAudience.Sources;
using IterableAudience.Store;
using IterableAudience.Syncs.Staging;

namespace IterableAudience.Syncs.Mirror;

/// <summary>What both ways of finding the changes of a source share: what to read, what to compare with, and where the changes go.</summary>
internal sealed class DiffRun(SyncWork work, KeyedHash hash, Stager stager, ReadAs readAs, Baseline? baseline, bool nobodyYet)
{
    private const int RunOfRecords = 1024;
    private readonly ReceivedRecord[] _records = new ReceivedRecord[RunOfRecords];
    private int _gathered;
    private int _line;

    public SyncWork Work { get; } = work;

    public KeyedHash Hash { get; } = hash;

    public ReadAs ReadAs { get; } = readAs;

    /// <summary>What to compare with; null for a full sync, which compares with nothing.</summary>
    public Baseline? Baseline { get; private set; } = baseline;

    public bool Full => Baseline is null;

    /// <summary>Columns as the warehouse has them; set when the source was looked at.</summary>
    public SourceColumns Columns { get; private set; } = null!;

    /// <summary>Place of the e-mail's column among the values; -1 where none is mapped.</summary>
    public int EmailAt { get; private set; }

    public int UserIdAt { get; private set; }

    /// <summary>Rows without key and identity.</summary>
    public long Nameless { get; private set; }

    /// <summary>The ledger has nobody of the connection.</summary>
    public bool NobodyYet { get; } = nobodyYet;

    /// <summary>Nameless rows that may be there without anybody having been lost.</summary>
    public long Tolerated { get; init; }

    /// <summary>One of the nameless rows may have had a key before, so rows that are gone are left alone.</summary>
    public bool KeepAbsent => !NobodyYet && Nameless > Tolerated;

    /// <summary>Slices that were put beside the baseline.</summary>
    public int PartsWritten { get; set; }

    /// <summary>Rows that the source has.</summary>
    public long Rows { get; set; }

    /// <summary>The baseline isn't where it should be, or can't be compared with any more.</summary>
    public void MakeFull() => Baseline = null;

    /// <summary>Takes the columns that the source has for the mapping.</summary>
    /// <param name="columns">In the warehouse's spelling; their order is that of the values.</param>
    public void Read(SourceColumns columns)
    {
        Columns = columns;
        EmailAt = PlaceOf(Identifier.Email);
        UserIdAt = PlaceOf(Identifier.UserId);
    }

    /// <summary>Counts a row without a key: one whose identity is good still holds the person.</summary>
    public void CountKeyless(ReadOnlySpan<string?> values)
    {
        if (!IdentifierRules.Judge(Work.Project.Type, Email(values), UserId(values)).HasIdentity)
        {
            Nameless++;
        }
    }

    /// <summary>Stages a change.</summary>
    public ValueTask AddAsync(RecordAction action, string key, ReadOnlySpan<string?> values, CancellationToken cancel)
        => AddAsync(new ReceivedRecord(++_line, action, key, null, Email(values), UserId(values)), cancel);

    /// <summary>Stages a row that is held back.</summary>
    public ValueTask AddInvalidAsync(string? key, ReadOnlySpan<string?> values, CancellationToken cancel)
        => AddAsync(
            key is null
                ? new ReceivedRecord(++_line, null, null, null, Email(values), UserId(values), Reason.NullPrimaryKey, "The row's primary key is null.")
                : new ReceivedRecord(++_line, null, key, null, Email(values), UserId(values), Reason.DuplicatePrimaryKey, "Other rows of the source have the same primary key; none of them is sent."),
            cancel);

    /// <summary>Stages what is gathered.</summary>
    public async ValueTask FlushAsync(CancellationToken cancel)
    {
        var count = _gathered;
        _gathered = 0;
        await stager.AddAsync(_records.AsMemory(0, count), cancel);
    }

    private ValueTask AddAsync(in ReceivedRecord record, CancellationToken cancel)
    {
        _records[_gathered++] = record;
        return _gathered == RunOfRecords ? FlushAsync(cancel) : ValueTask.CompletedTask;
    }

    private string? Email(ReadOnlySpan<string?> values) => EmailAt < 0 || values.IsEmpty ? null : values[EmailAt];

    private string? UserId(ReadOnlySpan<string?> values) => UserIdAt < 0 || values.IsEmpty ? null : values[UserIdAt];

    private int PlaceOf(string identifier)
    {
        var from = ReadAs.Mapping.FirstOrDefault(m => m.To == identifier)?.From;
        return from is null ? -1 : Columns.PlaceOf(from);
    }
}
