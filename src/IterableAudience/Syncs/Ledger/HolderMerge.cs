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
    private const int AtOnce = 16_384;

    private readonly List<(long Hash, long KeyHash)> _left = [];

    /// <param name="gathered">Who came, if that was gathered from the first batch on; null when an earlier process has recorded some of them.</param>
    /// <param name="cancel">Stops the merge; it is done again then.</param>
    public async Task MergeAsync(HolderInserts? gathered, CancellationToken cancel)
    {
        using var read = store.OpenRead();
        var came = gathered is not null && await gathered.FinishAsync(cancel) ? gathered : await GatherAgainAsync(read, cancel);
        var gone = await WhoIsGoneAsync(read, cancel);
        HolderRun[] runs = [.. gone.Runs, .. came.Runs];
        await HolderRuns.PublishAsync(store, list, runs, replaced: [], cancel);
        came.Published();
        await new HolderCompaction(store, list, connection).RunAsync(cancel);
        await HolderRuns.SweepAsync(store, list, cancel);
    }

    private async Task<HolderInserts> GatherAgainAsync(DbConnection read, CancellationToken cancel)
    {
        await HolderRuns.SweepAsync(store, list, cancel);
        var inserts = new HolderInserts(store, list, connection);
        foreach (var (blob, result) in Enum.GetValues<Stage>().Where(HolderInserts.Concerns).SelectMany(stage => Answered(read, stage)))
        {
            inserts.Take(blob, result);
            await inserts.MakeRoomAsync();
        }

        await CompleteAsync(inserts, cancel);
        return inserts;
    }

    private async Task<HolderInserts> WhoIsGoneAsync(DbConnection read, CancellationToken cancel)
    {
        var gone = new HolderInserts(store, list, connection, isGone: true);
        Stage[] removing =
        [
            Stage.Unsubscribe, Stage.UnsubscribeByEmail, Stage.FollowUnsubscribe, Stage.UnsubscribeReplaced,
            Stage.UnsubscribeReplacedByEmail, Stage.FollowReplaced, Stage.RetryConflicts,
        ];
        foreach (var (blob, result) in removing.SelectMany(stage => Answered(read, stage)))
        {
            Gather(blob, result);
            if (_left.Count >= AtOnce)
            {
                Judge(read, gone);
                await gone.MakeRoomAsync();
            }
        }

        Judge(read, gone);
        await CompleteAsync(gone, cancel);
        return gone;
    }

    private static async Task CompleteAsync(HolderInserts inserts, CancellationToken cancel)
    {
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
                _left.Add((op.UserHash, op.KeyHash));
                _left.Add((op.EmailHash, op.KeyHash));
            }
        }
    }

    /// <summary>
    /// A key that goes on with another identity may hold the same identifier by it, and a sync that was cut short may have ended one entry of a key
    /// and not the others. So a key that has any entry still holds all that it ever did: too much in the index is harmless, too little is not.
    /// </summary>
    private void Judge(DbConnection read, HolderInserts gone)
    {
        var still = LedgerReader.KeysThatExist(read, list, connection, _left.Select(l => l.KeyHash));
        foreach (var (hash, keyHash) in _left.Where(l => !still.Contains(l.KeyHash)))
        {
            gone.Add(hash, keyHash);
        }

        _left.Clear();
    }
}
