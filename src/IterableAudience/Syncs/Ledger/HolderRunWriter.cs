using System.Runtime.InteropServices;
using IterableAudience.Store;

namespace IterableAudience.Syncs.Ledger;

/// <summary>Writes one run of holders, block by block. It counts once it is published (<see cref="HolderRuns.PublishAsync"/>).</summary>
/// <param name="store">The store, under the sync's claim.</param>
/// <param name="list">The list.</param>
/// <param name="connection">Whose entries hold.</param>
/// <param name="isGone">Those that hold no more.</param>
internal sealed class HolderRunWriter(LeanStore store, long list, long connection, bool isGone)
{
    private const string NewBlock = "INSERT INTO holder_block (run, first, blob) VALUES (?1, ?2, ?3)";
    private static readonly CopyInto Blocks = new("holder_block", "run bigint, first bigint, blob bytea");

    /// <summary>Bytes that are written in one transaction. Fewer where all syncs share the writer; more where each transaction waits for the disk.</summary>
    private readonly int _most = (store.MayForget ? 4 : 1) * 1024 * 1024;

    private readonly List<byte> _bytes = [];
    private readonly List<(long First, int From)> _blocks = [];
    private (long Hash, long KeyHash) _last;
    private int _inBlock;
    private long _entries;
    private long? _run;

    /// <summary>Takes an entry; they come in order, and one that comes twice is taken once.</summary>
    /// <returns>Whether enough has gathered to be written: call <see cref="WriteAsync"/> then.</returns>
    public bool Add(long hash, long keyHash)
    {
        if (_entries > 0 && _last == (hash, keyHash))
        {
            return false;
        }

        if (_inBlock == 0 || (_inBlock >= HolderBlock.Entries && _last.Hash != hash))
        {
            _blocks.Add((hash, _bytes.Count));
            HolderBlock.WriteHead(Room(HolderBlock.HeadSize));
            _inBlock = 0;
        }

        HolderBlock.WriteEntry(Room(HolderBlock.EntrySize), hash, keyHash);
        (_last, _inBlock, _entries) = ((hash, keyHash), _inBlock + 1, _entries + 1);
        return _bytes.Count >= _most;
    }

    /// <summary>Writes all blocks but the last, which may go on.</summary>
    public Task WriteAsync(CancellationToken cancel) => PutAsync(_blocks.Count - 1, cancel);

    /// <summary>Writes what is left.</summary>
    /// <returns>The run; null when there was no entry.</returns>
    public async Task<HolderRun?> FinishAsync(CancellationToken cancel)
    {
        await PutAsync(_blocks.Count, cancel);
        return _run is { } run ? new(run, connection, isGone, _entries) : null;
    }

    private Span<byte> Room(int bytes)
    {
        var from = _bytes.Count;
        CollectionsMarshal.SetCount(_bytes, from + bytes);
        return CollectionsMarshal.AsSpan(_bytes)[from..];
    }

    private async Task PutAsync(int count, CancellationToken cancel)
    {
        if (count <= 0)
        {
            return;
        }

        var end = count < _blocks.Count ? _blocks[count].From : _bytes.Count;
        _run = await store.WriteAsync(
            write =>
            {
                if (_run is { } begun && !HolderRuns.IsUnpublished(write, begun, list, connection))
                {
                    throw new InvalidOperationException("The run of holders was swept away: its sync is worked on anew.");
                }

                var run = _run ?? HolderRuns.Begin(write, list, connection, isGone);
                using var rows = BulkStatement.Of(write, NewBlock, Blocks, rowPlaces: 2).Bind(1, run);
                for (var i = 0; i < count; i++)
                {
                    var to = i + 1 < _blocks.Count ? _blocks[i + 1].From : _bytes.Count;
                    rows.Bind(2, _blocks[i].First).Bind(3, CollectionsMarshal.AsSpan(_bytes)[_blocks[i].From..to]).Run();
                }

                rows.Finish();
                return run;
            },
            durable: store.MayForget,
            cancel);
        _bytes.RemoveRange(0, end);
        _blocks.RemoveRange(0, count);
        for (var i = 0; i < _blocks.Count; i++)
        {
            _blocks[i] = _blocks[i] with { From = _blocks[i].From - end };
        }
    }
}
