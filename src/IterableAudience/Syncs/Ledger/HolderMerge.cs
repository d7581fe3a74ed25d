using System.Runtime.InteropServices;
using IterableAudience.Records;
using IterableAudience.Store;
using IterableAudience.Syncs.Plan;
using IterableAudience.Syncs.Send;

namespace IterableAudience.Syncs.Ledger;

/// <summary>
/// Brings the index of holders up to what the sync changed, before the list is given back. In hash order, since that is what an index
/// is quick at; in slices, so that nobody waits long for the writer. Reads what is recorded, so it can be done again after a crash.
/// </summary>
internal sealed class HolderMerge(LeanStore store, BatchStore batches, long list, long connection)
{
    private const int Gathered = 1_000_000;
    private const int PerTransaction = 50_000;

    // A key that goes on with another identity may hold the same identifier by it, and a sync that was cut short may have ended one entry of a key
    // and not the others. Too much in the index is harmless, too little is not.
    private static readonly BulkSql Removal = new(
        """
        DELETE FROM holder WHERE list = ?1 AND connection = ?2 AND hash = ?3 AND key_hash = ?4
          AND NOT EXISTS (SELECT 1 FROM member WHERE list = ?1 AND connection = ?2 AND key_hash = ?4)
        """,
        """
        DELETE FROM holder WHERE ctid = ANY (ARRAY(
          SELECT h.ctid FROM unnest(@p3, @p4) AS r (hash, key_hash)
          CROSS JOIN LATERAL (SELECT ctid FROM holder WHERE list = @p1 AND hash = r.hash AND connection = @p2 AND key_hash = r.key_hash OFFSET 0) h
          WHERE NOT EXISTS (SELECT 1 FROM member m WHERE m.list = @p1 AND m.connection = @p2 AND m.key_hash = r.key_hash OFFSET 0)))
        """,
        RowPlaces: 3);

    private static readonly BulkSql Insertion = new(
        "INSERT OR IGNORE INTO holder (list, connection, hash, key_hash) VALUES (?1, ?2, ?3, ?4)",
        "INSERT INTO holder (list, connection, hash, key_hash) SELECT @p1, @p2, h, k FROM unnest(@p3, @p4) AS r (h, k) ON CONFLICT DO NOTHING",
        RowPlaces: 3);

    private readonly List<long> _hashes = [];
    private readonly List<long> _keyHashes = [];

    public async Task MergeAsync(CancellationToken cancel)
    {
        // First who left, then who came: a key whose identity changed may share an identifier with its old one.
        await PassAsync(
            remove: true, cancel, Stage.Unsubscribe, Stage.UnsubscribeByEmail, Stage.FollowUnsubscribe, Stage.UnsubscribeReplaced,
            Stage.UnsubscribeReplacedByEmail, Stage.FollowReplaced);
        await PassAsync(remove: false, cancel, Stage.Subscribe, Stage.RetryConflicts, Stage.FollowSubscribe);
    }

    private async Task PassAsync(bool remove, CancellationToken cancel, params Stage[] stages)
    {
        foreach (var stage in stages)
        {
            var count = batches.Count(stage);
            var expected = Math.Min(2 * BatchCutter.Size * count, Gathered + (2 * BatchCutter.Size));
            _hashes.EnsureCapacity(expected);
            _keyHashes.EnsureCapacity(expected);
            for (var number = 0; number < count; number++)
            {
                Gather(stage, number, remove);
                if (_hashes.Count >= Gathered)
                {
                    await WriteAsync(remove, cancel);
                }
            }
        }

        await WriteAsync(remove, cancel);
    }

    private void Gather(Stage stage, int number, bool remove)
        => store.Read(c =>
        {
            if (batches.Result(c, stage, number) is not { } result)
            {
                return false;
            }

            var reader = new BlobReader(batches.Blob(c, stage, number));
            PlanOpCodec.CheckVersion(ref reader);
            for (var i = 0; i < result.Length / 2; i++)
            {
                var op = PlanOpCodec.ReadHead(ref reader);
                var outcome = (Outcome)result[2 * i];
                var wanted = remove
                    ? outcome == Outcome.Unsubscribed && op.Kind != OpKind.UnknownDelete
                    : outcome is not (Outcome.Forgotten or Outcome.Pending);
                Add(wanted ? op.UserHash : 0, op.KeyHash);
                Add(wanted ? op.EmailHash : 0, op.KeyHash);
            }

            return true;
        });

    private void Add(long hash, long keyHash)
    {
        if (hash != 0)
        {
            _hashes.Add(hash);
            _keyHashes.Add(keyHash);
        }
    }

    private async Task WriteAsync(bool remove, CancellationToken cancel)
    {
        CollectionsMarshal.AsSpan(_hashes).Sort(CollectionsMarshal.AsSpan(_keyHashes));

        var sql = remove ? Removal : Insertion;
        for (var from = 0; from < _hashes.Count; from += PerTransaction)
        {
            var to = Math.Min(_hashes.Count, from + PerTransaction);
            await store.WriteAsync(
                write =>
                {
                    using var statement = BulkStatement.Of(write, sql).Bind(1, list).Bind(2, connection);
                    for (var i = from; i < to; i++)
                    {
                        statement.Bind(3, _hashes[i]).Bind(4, _keyHashes[i]).Run();
                    }

                    statement.Finish();
                },
                durable: false,
                cancel);
        }

        _hashes.Clear();
        _keyHashes.Clear();
    }
}
