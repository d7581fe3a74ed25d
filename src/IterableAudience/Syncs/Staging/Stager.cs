using System.Text;
using IterableAudience.Records;
using IterableAudience.Store;

namespace IterableAudience.Syncs.Staging;

/// <summary>
/// Steps 2 to 4 of the spine for one sync: records come in, are judged, and are written in chunks. Memory holds two buffers of
/// <see cref="BufferedRecords"/> records, however many there are: one is filled while the other is written. A sync that fits into the buffer is one chunk; a larger one is cut
/// into 256 slices of the key-hash space, so that planning can take it slice by slice.
/// </summary>
/// <param name="holdBack">The records are rows of a source: those with a bad key are held back, and what they say of a person still counts.</param>
internal sealed class Stager(LeanStore store, KeyedHash hash, long sync, ProjectType projectType, bool full, bool holdBack = false)
{
    public const int BufferedRecords = 32_768;
    public const int LargePartitions = 256;

    private const string Insert = "INSERT INTO chunk (sync, seq, part, records, blob) VALUES (?1, ?2, ?3, ?4, ?5)";
    private static readonly CopyInto Copy = new("chunk", "sync bigint, seq integer, part integer, records integer, blob bytea");

    private readonly BlobWriter _first = new(64 * 1024);
    private readonly List<(int Part, int Offset)> _firstRecords = [];
    private BlobWriter[]? _parts;
    private int[]? _counts;
    private (BlobWriter[] Parts, int[] Counts)? _spare;
    private Task _writing = Task.CompletedTask;
    private int _buffered;
    private int _seq;

    public SyncCounts Counts { get; } = new();

    /// <summary>1 for a small sync, else <see cref="LargePartitions"/>.</summary>
    public int Partitions => _parts is null ? 1 : LargePartitions;

    /// <summary>Judges and buffers a run of records; writes a chunk for each slice when the buffer is full.</summary>
    public async ValueTask AddAsync(ReadOnlyMemory<ReceivedRecord> records, CancellationToken cancel)
    {
        foreach (ref readonly var record in records.Span)
        {
            Add(record);
        }

        if (_buffered >= BufferedRecords)
        {
            await FlushAsync(last: false, cancel);
        }
    }

    /// <summary>Writes what is left; on the disk when this returns.</summary>
    /// <param name="cancel">Stops waiting for the store.</param>
    /// <param name="joining">Records of earlier syncs that will be planned with these: together they may be too many for one slice.</param>
    public Task FinishAsync(CancellationToken cancel, long joining = 0)
    {
        if (_parts is null && _buffered + joining > BufferedRecords)
        {
            Split();
        }

        return FlushAsync(last: true, cancel);
    }

    private void Add(in ReceivedRecord record)
    {
        var fault = record.Fault;
        var detail = record.FaultDetail;
        if (fault == Reason.None && full && record.Action == RecordAction.Delete)
        {
            fault = Reason.UnsupportedAction;
            detail = "A full push is the whole audience: leave the row out instead of deleting it.";
        }

        var unusable = fault != Reason.None;
        var verdict = unusable
            ? new RecordVerdict(default, fault, Reason.None, Reason.None, false)
            : IdentifierRules.Judge(projectType, record.Email, record.UserId);
        var holds = holdBack && fault is Reason.NullPrimaryKey or Reason.DuplicatePrimaryKey;
        if (holds)
        {
            var identity = IdentifierRules.Judge(projectType, record.Email, record.UserId).Identity;
            verdict = verdict with { Identity = identity };
            holds = verdict.HasIdentity;
        }

        var place = PlaceOf(record, verdict);
        Counts.Count(record.Action, verdict.IdentifierDropped, hasKey: place.Kind != KeyKind.None);

        var part = place.Kind == KeyKind.None ? record.Line % LargePartitions : PartOf(place.Hash, LargePartitions);
        var target = Begun(_parts is null ? _first : _parts[part]);
        if (_parts is not null)
        {
            _counts![part]++;
        }
        else
        {
            _firstRecords.Add((part, _first.Length));
        }

        ChunkCodec.Write(target, unusable ? record with { FaultDetail = detail } : record, verdict, unusable, holds);
        _buffered++;
    }

    /// <summary>A chunk starts with its version.</summary>
    private static BlobWriter Begun(BlobWriter chunk)
    {
        if (chunk.Length == 0)
        {
            chunk.Byte(ChunkCodec.Version);
        }

        return chunk;
    }

    /// <summary>The slice of a key hash: slices ascend with the signed hash, as the ledger's order does.</summary>
    internal static int PartOf(long keyHash, int partitions) => partitions == 1 ? 0 : (int)(keyHash >> 56) + 128;

    private (KeyKind Kind, long Hash) PlaceOf(in ReceivedRecord record, in RecordVerdict verdict)
    {
        if (verdict.Rejection is Reason.MalformedRecord or Reason.NullPrimaryKey)
        {
            return (KeyKind.None, 0);
        }

        var (kind, key) = record.PrimaryKey is not null ? (KeyKind.Primary, record.PrimaryKey)
            : verdict.Identity.UserId is not null ? (KeyKind.UserId, verdict.Identity.UserId)
            : verdict.Identity.Email is not null ? (KeyKind.Email, verdict.Identity.Email)
            : (KeyKind.None, "");
        Span<byte> bytes = stackalloc byte[1024];
        var utf8 = key.Length * 3 <= bytes.Length ? bytes[..Encoding.UTF8.GetBytes(key, bytes)] : Encoding.UTF8.GetBytes(key);
        return (kind, kind == KeyKind.None ? 0 : hash.Key((byte)kind, utf8));
    }

    private async Task FlushAsync(bool last, CancellationToken cancel)
    {
        if (!last)
        {
            Split();
        }

        // The buffer before this one is written while this one was filled.
        await _writing.WaitAsync(cancel);
        if (_parts is null)
        {
            _writing = WriteAsync([_first], [_firstRecords.Count], last);
            _firstRecords.Clear();
        }
        else
        {
            var full = (_parts, _counts!);
            (_parts, _counts) = _spare ?? NewParts();
            _spare = full;
            _writing = WriteAsync(full.Item1, full.Item2, last);
        }

        _buffered = 0;
        if (last)
        {
            await _writing;
        }
    }

    /// <summary>Not cancelled half-way: what was counted is stored, so that the report of a sync that ends here adds up.</summary>
    private async Task WriteAsync(BlobWriter[] parts, int[] counts, bool last)
    {
        var seq = _seq++;
        await store.WriteAsync(
            connection =>
            {
                using var insert = BulkStatement.Of(connection, Insert, Copy).Bind(1, sync).Bind(2, seq);
                for (var part = 0; part < parts.Length; part++)
                {
                    if (counts[part] > 0)
                    {
                        insert.Bind(3, part).Bind(4, counts[part]).Bind(5, parts[part].Written).Run();
                    }
                }

                insert.Finish();
            },
            durable: last,
            CancellationToken.None);
        foreach (var part in parts)
        {
            part.Clear();
        }

        Array.Clear(counts);
    }

    private static (BlobWriter[] Parts, int[] Counts) NewParts()
    {
        var parts = new BlobWriter[LargePartitions];
        for (var i = 0; i < parts.Length; i++)
        {
            parts[i] = new BlobWriter(16 * 1024);
        }

        return (parts, new int[LargePartitions]);
    }

    /// <summary>The sync turned out to be large: deals the records buffered so far out to the slices.</summary>
    private void Split()
    {
        if (_parts is not null)
        {
            return;
        }

        (_parts, _counts) = NewParts();
        for (var i = 0; i < _firstRecords.Count; i++)
        {
            var (part, offset) = _firstRecords[i];
            var end = i + 1 < _firstRecords.Count ? _firstRecords[i + 1].Offset : _first.Length;
            Begun(_parts[part]).Bytes(_first.Written[offset..end]);
            _counts[part]++;
        }

        _firstRecords.Clear();
        _first.Clear();
    }
}
