using System.Runtime.InteropServices;
using IterableAudience.Records;
using IterableAudience.Store;
using IterableAudience.Syncs.Plan;
using IterableAudience.Syncs.Send;

namespace IterableAudience.Syncs.Ledger;

/// <summary>
/// Who came by a sync (or who holds no more), on the way into the index of holders: gathered, sorted by the half million, and each time
/// written as a run. A full run is written while the next is gathered, so most of this happens while batches are on the wire. Runs count
/// when the sync closes (<see cref="HolderMerge"/>).
/// </summary>
/// <remarks>
/// Entries may come early, twice, or for a batch whose recording fails: the index may name entries that are gone, it must only not lack one.
/// Concurrency: <see cref="Take"/>, <see cref="Add"/> and <see cref="MakeRoomAsync"/> from anywhere; <see cref="FinishAsync"/> after all others.
/// </remarks>
/// <param name="store">The store, under the sync's claim.</param>
/// <param name="list">The list.</param>
/// <param name="connection">Whose entries hold.</param>
/// <param name="isGone">Those that hold no more.</param>
internal sealed class HolderInserts(LeanStore store, long list, long connection, bool isGone = false)
{
    /// <summary>Entries that are sorted and written at once. Twice as many are in memory while a run is written.</summary>
    private const int Most = 500_000;

    private readonly Lock _gate = new();
    private readonly List<HolderRun> _runs = [];
    private (List<long> Hashes, List<long> KeyHashes) _gathered = ([], []);
    private (List<long> Hashes, List<long> KeyHashes) _spare = ([], []);
    private Task _writing = Task.CompletedTask;

    /// <summary>Forgets what is written: it counts now.</summary>
    public void Published() => _runs.Clear();

    /// <summary>Why a run could not be written; known after <see cref="FinishAsync"/>.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>What is written; complete after <see cref="FinishAsync"/>.</summary>
    public IReadOnlyList<HolderRun> Runs => _runs;

    private bool IsBroken => _writing is { IsCompleted: true, IsCompletedSuccessfully: false };

    /// <summary>Whether the operations of a stage bring holders.</summary>
    public static bool Concerns(Stage stage) => stage is Stage.Subscribe or Stage.RetryConflicts or Stage.FollowSubscribe;

    /// <summary>Takes the operations of one answered batch.</summary>
    /// <param name="blob">The operations, as they are stored.</param>
    /// <param name="outcomes">Outcome and reason of each, two bytes an operation.</param>
    public void Take(byte[] blob, ReadOnlySpan<byte> outcomes)
    {
        var reader = new BlobReader(blob);
        PlanOpCodec.CheckVersion(ref reader);
        lock (_gate)
        {
            for (var i = 0; i < outcomes.Length / 2; i++)
            {
                var op = PlanOpCodec.ReadHead(ref reader);
                if ((Outcome)outcomes[2 * i] is not (Outcome.Forgotten or Outcome.Pending))
                {
                    Append(op.UserHash, op.KeyHash);
                    Append(op.EmailHash, op.KeyHash);
                }
            }
        }
    }

    /// <summary>Takes one entry.</summary>
    /// <param name="hash">See <see cref="KeyedHash.Short"/>; 0: nothing.</param>
    /// <param name="keyHash">The key that holds.</param>
    public void Add(long hash, long keyHash)
    {
        lock (_gate)
        {
            Append(hash, keyHash);
        }
    }

    /// <summary>Has a full run written, without waiting for it unless the one before is still being written: that is the back-pressure.</summary>
    public async ValueTask MakeRoomAsync()
    {
        while (true)
        {
            Task before;
            lock (_gate)
            {
                if (_gathered.Hashes.Count < Most || IsBroken)
                {
                    return;
                }

                before = _writing;
                if (before.IsCompleted)
                {
                    var run = _gathered;
                    (_gathered, _spare) = (_spare, run);
                    _writing = Task.Run(() => WriteAsync(run, CancellationToken.None));
                    return;
                }
            }

            await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Writes what is left.</summary>
    /// <returns>False when an earlier run could not be written: what was gathered is not complete then.</returns>
    public async Task<bool> FinishAsync(CancellationToken cancel)
    {
        await _writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (IsBroken)
        {
            Failure = _writing.Exception?.InnerException ?? new OperationCanceledException(); // the caller gathers again, from what is recorded
            return false;
        }

        await WriteAsync(_gathered, cancel);
        return true;
    }

    /// <summary>By hash, and by key within a hash: one identifier may be that of very many keys.</summary>
    private static void Sort(Span<long> hashes, Span<long> keyHashes)
    {
        hashes.Sort(keyHashes);
        for (var (from, to) = (0, 0); from < hashes.Length; from = to)
        {
            while (to < hashes.Length && hashes[to] == hashes[from])
            {
                to++;
            }

            keyHashes[from..to].Sort();
        }
    }

    private void Append(long hash, long keyHash)
    {
        if (hash != 0 && !IsBroken)
        {
            _gathered.Hashes.Add(hash);
            _gathered.KeyHashes.Add(keyHash);
        }
    }

    private async Task WriteAsync((List<long> Hashes, List<long> KeyHashes) gathered, CancellationToken cancel)
    {
        var (hashes, keyHashes) = gathered;
        Sort(CollectionsMarshal.AsSpan(hashes), CollectionsMarshal.AsSpan(keyHashes));
        var writer = new HolderRunWriter(store, list, connection, isGone);
        for (var i = 0; i < hashes.Count; i++)
        {
            if (writer.Add(hashes[i], keyHashes[i]))
            {
                await writer.WriteAsync(cancel);
            }
        }

        if (await writer.FinishAsync(cancel) is { } run)
        {
            _runs.Add(run);
        }

        hashes.Clear();
        keyHashes.Clear();
    }
}
