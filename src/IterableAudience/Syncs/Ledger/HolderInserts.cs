using System.Runtime.InteropServices;
using IterableAudience.Records;
using IterableAudience.Store;
using IterableAudience.Syncs.Plan;
using IterableAudience.Syncs.Send;

namespace IterableAudience.Syncs.Ledger;

/// <summary>
/// Who came by a sync, on the way into the index of holders: gathered batch by batch, sorted by the half million or more (an index is quick in its own
/// order), and written in slices, so that nobody waits long for the writer. A full run is written while the next is gathered, so most of this
/// happens while other batches are on the wire.
/// </summary>
/// <remarks>
/// Rows may come early, twice, or for a batch whose recording fails: the index may name entries that are gone, it must only not lack one.
/// Concurrency: <see cref="Take"/> and <see cref="MakeRoomAsync"/> from anywhere; <see cref="FinishAsync"/> once, after all others.
/// </remarks>
/// <param name="store">The store, under the sync's claim.</param>
/// <param name="list">The list.</param>
/// <param name="connection">Whose entries hold.</param>
/// <param name="allNew">The connection had nobody on the list: nothing of this is there yet. A row that is there twice does no harm.</param>
internal sealed class HolderInserts(LeanStore store, long list, long connection, bool allNew)
{
    /// <summary>Rows that are sorted and written at once: as many as the memory allows. Where each run makes the server write every page of its index again, they are larger.</summary>
    private readonly int _run = store.MayForget ? 1_000_000 : 500_000;

    private const int PerTransaction = 16_384;

    /// <summary>Where each transaction waits for the disk.</summary>
    private const int PerDurableTransaction = 65_536;

    private const string New = "INSERT OR IGNORE INTO holder (list, connection, hash, key_hash) VALUES (?1, ?2, ?3, ?4)";
    private static readonly CopyInto Copy = new("holder", "list bigint, connection bigint, hash bigint, key_hash bigint");

    private static readonly BulkSql Missing = new(
        New,
        """
        INSERT INTO holder (list, connection, hash, key_hash) SELECT @p1, @p2, h, k FROM unnest(@p3, @p4) AS r (h, k)
        WHERE NOT EXISTS (SELECT 1 FROM holder o WHERE o.list = @p1 AND o.hash = r.h AND o.connection = @p2 AND o.key_hash = r.k OFFSET 0)
        """,
        RowPlaces: 3,
        SeveralRows: true);

    private readonly Lock _gate = new();
    private (List<long> Hashes, List<long> KeyHashes) _gathered = ([], []);
    private (List<long> Hashes, List<long> KeyHashes) _spare = ([], []);
    private Task _writing = Task.CompletedTask;

    /// <summary>Why a run could not be written; known after <see cref="FinishAsync"/>.</summary>
    public Exception? Failure { get; private set; }

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
                    Add(op.UserHash, op.KeyHash);
                    Add(op.EmailHash, op.KeyHash);
                }
            }
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
                if (_gathered.Hashes.Count < _run || _writing.IsFaulted)
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
        if (_writing.IsFaulted)
        {
            Failure = _writing.Exception!.InnerException; // the caller gathers again, from what is recorded
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

    private void Add(long hash, long keyHash)
    {
        if (hash != 0 && !_writing.IsFaulted)
        {
            _gathered.Hashes.Add(hash);
            _gathered.KeyHashes.Add(keyHash);
        }
    }

    private async Task WriteAsync((List<long> Hashes, List<long> KeyHashes) run, CancellationToken cancel)
    {
        var (hashes, keyHashes) = run;
        Sort(CollectionsMarshal.AsSpan(hashes), CollectionsMarshal.AsSpan(keyHashes));
        var most = store.MayForget ? PerDurableTransaction : PerTransaction;
        for (var from = 0; from < hashes.Count; from += most)
        {
            var to = Math.Min(hashes.Count, from + most);
            await store.WriteAsync(
                write =>
                {
                    using var statement = (allNew ? BulkStatement.Of(write, New, Copy, rowPlaces: 3) : BulkStatement.Of(write, Missing)).Bind(1, list).Bind(2, connection);
                    for (var i = from; i < to; i++)
                    {
                        if (i == 0 || hashes[i] != hashes[i - 1] || keyHashes[i] != keyHashes[i - 1])
                        {
                            statement.Bind(3, hashes[i]).Bind(4, keyHashes[i]).Run();
                        }
                    }

                    statement.Finish();
                },
                // A holder that is missing is a wrong unsubscribe one day. Here nothing would tell: its batch is recorded.
                durable: store.MayForget,
                cancel);
        }

        hashes.Clear();
        keyHashes.Clear();
    }
}
