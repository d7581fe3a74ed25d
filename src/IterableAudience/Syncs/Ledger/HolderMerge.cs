using System.Data.Common;
using System.Runtime.ExceptionServices;
using IterableAudience.Records;
using IterableAudience.Store;
using IterableAudience.Syncs.Plan;
using IterableAudience.Syncs.Send;

namespace IterableAudience.Syncs.Ledger;

/// <summary>
/// Brings the index of holders up to what the sync changed, before the list is given back. Reads what is recorded, so it can be done again
/// after a crash; who came was mostly written while the sync was sending (<see cref="HolderInserts"/>).
/// </summary>
internal sealed class HolderMerge(LeanStore store, BatchStore batches, long list, long connection)
{
    private const int PerTransaction = 16_384;

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

    private readonly List<(long Hash, long KeyHash)> _gone = [];

    /// <param name="gathered">Who came, if that was gathered from the first batch on; null when an earlier process has recorded some of them.</param>
    /// <param name="cancel">Stops the merge; it is done again then.</param>
    public async Task MergeAsync(HolderInserts? gathered, CancellationToken cancel)
    {
        using var read = store.OpenRead();

        // The order of the two doesn't matter: nothing is removed of a key that has an entry.
        Stage[] removing =
        [
            Stage.Unsubscribe, Stage.UnsubscribeByEmail, Stage.FollowUnsubscribe, Stage.UnsubscribeReplaced,
            Stage.UnsubscribeReplacedByEmail, Stage.FollowReplaced, Stage.RetryConflicts,
        ];
        foreach (var (blob, result) in removing.SelectMany(stage => Answered(read, stage)))
        {
            Gather(blob, result);
            if (_gone.Count >= PerTransaction)
            {
                await RemoveAsync(cancel);
            }
        }

        await RemoveAsync(cancel);
        if (gathered is not null && await gathered.FinishAsync(cancel))
        {
            return;
        }

        var inserts = new HolderInserts(store, list, connection, allNew: false);
        foreach (var (blob, result) in Enum.GetValues<Stage>().Where(HolderInserts.Concerns).SelectMany(stage => Answered(read, stage)))
        {
            inserts.Take(blob, result);
            await inserts.MakeRoomAsync();
        }

        if (!await inserts.FinishAsync(cancel))
        {
            ExceptionDispatchInfo.Throw(inserts.Failure!); // the store's trouble, or the claim is lost: the sync closes again
        }
    }

    private IEnumerable<(byte[] Blob, byte[] Result)> Answered(DbConnection read, Stage stage)
    {
        var count = batches.Count(stage);
        for (var number = 0; number < count; number++)
        {
            if (batches.Result(read, stage, number) is { } result)
            {
                yield return (batches.Blob(read, stage, number), result);
            }
        }
    }

    /// <summary>Who left, and whom Iterable has forgotten meanwhile.</summary>
    private void Gather(byte[] blob, byte[] result)
    {
        var reader = new BlobReader(blob);
        PlanOpCodec.CheckVersion(ref reader);
        for (var i = 0; i < result.Length / 2; i++)
        {
            var op = PlanOpCodec.ReadHead(ref reader);
            var outcome = (Outcome)result[2 * i];
            if (outcome == (op.Kind == OpKind.Subscribe ? Outcome.Forgotten : Outcome.Unsubscribed) && op.Kind != OpKind.UnknownDelete)
            {
                Add(op.UserHash, op.KeyHash);
                Add(op.EmailHash, op.KeyHash);
            }
        }
    }

    private void Add(long hash, long keyHash)
    {
        if (hash != 0)
        {
            _gone.Add((hash, keyHash));
        }
    }

    private async Task RemoveAsync(CancellationToken cancel)
    {
        if (_gone.Count == 0)
        {
            return;
        }

        _gone.Sort();
        await store.WriteAsync(
            write =>
            {
                using var statement = BulkStatement.Of(write, Removal).Bind(1, list).Bind(2, connection);
                foreach (var (hash, keyHash) in _gone)
                {
                    statement.Bind(3, hash).Bind(4, keyHash).Run();
                }

                statement.Finish();
            },
            durable: false,
            cancel);
        _gone.Clear();
    }
}
