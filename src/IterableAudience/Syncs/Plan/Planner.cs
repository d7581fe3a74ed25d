using System.Data.Common;
using IterableAudience.Store;
using IterableAudience.Syncs.Ledger;
using IterableAudience.Syncs.Retry;
using IterableAudience.Syncs.Staging;

namespace IterableAudience.Syncs.Plan;

/// <summary>
/// Step 5 of the spine: staged identities against the ledger → the ordered operations of the sync, cut into batches. It reads the ledger
/// and changes nothing in it; run again after a crash, it begins anew. Memory holds a few slices of the key space (some thousands to some
/// tens of thousands of records each), and what lies between the steps spills to a file. Syncs are planned side by side, in turns
/// (<see cref="PlanTurns"/>).
/// </summary>
internal sealed class Planner(KeyedHash hash)
{
    private const string InsertVerdict = "INSERT INTO verdict (sync, part, outcomes, seq, blob) VALUES (?1, ?2, ?3, ?4, ?5)";
    private static readonly CopyInto CopyVerdicts = new("verdict", "sync bigint, part integer, outcomes bigint, seq integer, blob bytea");

    private readonly PlanTurns _turns = new(hash);

    /// <summary>For a test: see <see cref="PlanRun.RulesOnly"/>.</summary>
    internal bool RulesOnly { get; init; }

    /// <summary>Plans a staged sync whose list is claimed. Fills in <paramref name="counts"/> and returns the hash that names the plan.</summary>
    public async Task<string> PlanAsync(LeanStore store, Sync sync, PlanMode mode, SyncCounts counts, Action<double> progress, CancellationToken cancel)
    {
        await ForgetAsync(store, sync.No, cancel);
        counts.LeftAlone = mode is { Full: true, RemoveAbsent: false } ? 0 : null;
        var ledgerIsEmpty = false;
        (counts.MembersBefore, ledgerIsEmpty) = await _turns.TakeAsync(store, read => LookAtLedger(read, sync), cancel);
        using var part = _turns.Begin();
        using var run = new PlanRun(sync.No, sync.ConnectionNo, sync.Partitions, mode, hash, counts, part.Spill) { RulesOnly = RulesOnly };

        if (mode is { RetryFailed: true, Full: false })
        {
            await new KeylessDeletes(run, _turns, store).FindAsync(cancel); // a full push has no deletes
        }

        var records = counts.Received / run.Partitions;
        await DecideKeysAsync(store, run, sync, part.Lanes(records), progress, cancel);
        await new IdentityStep(run, _turns, ledgerIsEmpty ? null : store, sync.ListNo, PlanTurns.Plan.Ahead(records)).RunAsync(cancel);

        using var cut = new CutStep(run);
        for (var next = 0; next < run.Partitions;)
        {
            var (first, slices) = (next, cut.Prepare(next));
            await store.WriteAsync(write => cut.Write(write, first, slices), durable: false, cancel);
            next += slices.Count;
            progress(0.5 + ((double)next / run.Partitions / 2));
        }

        // The next step builds on it, whatever comes in between.
        return await store.WriteAsync(cut.Finish, durable: store.MayForget, cancel);
    }

    private static (long MembersBefore, bool IsEmpty) LookAtLedger(DbConnection read, Sync sync)
    {
        var (members, maybes, _) = LedgerReader.Counts(read, sync.ListNo, sync.ConnectionNo);
        return (members + maybes, read.Count("SELECT 1 FROM holder_run WHERE list = @l AND live = 1 LIMIT 1", ("@l", sync.ListNo)) == 0);
    }

    /// <summary>First step: the keys, several slices at a time.</summary>
    private async Task DecideKeysAsync(LeanStore store, PlanRun run, Sync sync, int lanes, Action<double> progress, CancellationToken cancel)
    {
        var (next, done) = (-1, 0);
        await Task.WhenAll(Enumerable.Range(0, Math.Min(run.Partitions, lanes)).Select(_ => Task.Run(LaneAsync, cancel)));

        async Task LaneAsync()
        {
            var writing = Task.CompletedTask;
            try
            {
                for (int part; (part = Interlocked.Increment(ref next)) < run.Partitions;)
                {
                    // One slice is written while the next is decided.
                    var of = part;
                    var decided = await _turns.TakeAsync(store, (read, keys) => Decide(read, keys, of), cancel);
                    await writing;
                    writing = store.WriteTogetherAsync(write => WriteVerdicts(write, sync.No, of, decided), cancel);
                    progress((double)Interlocked.Increment(ref done) / run.Partitions / 2);
                }

                await writing;
            }
            catch
            {
                Interlocked.Exchange(ref next, run.Partitions); // the other lanes need not go on
                await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                throw;
            }
        }

        KeyStep.Decided Decide(DbConnection read, KeyStep keys, int part)
        {
            using var ledger = new LedgerReader(read, sync.ListNo, sync.ConnectionNo);
            return keys.Run(run, read, ledger, part);
        }
    }

    private static void WriteVerdicts(DbConnection write, long sync, int part, KeyStep.Decided decided)
    {
        if (decided.Retried > 0)
        {
            write.Later(
                "INSERT INTO chunk (sync, part, seq, records, blob) VALUES (@s, @p, @q, @n, @b)",
                ("@s", sync), ("@p", part), ("@q", CutStep.RetrySeq), ("@n", decided.Retried), ("@b", decided.RetryChunk));
        }

        using var insert = BulkStatement.Of(write, InsertVerdict, CopyVerdicts).Bind(1, sync).Bind(2, part).Bind(3, 0);
        foreach (var (seq, blob) in decided.Verdicts)
        {
            insert.Bind(4, seq).Bind(5, blob).Run();
        }

        insert.Finish();
    }

    /// <summary>Removes what an earlier attempt to plan left behind.</summary>
    private static Task ForgetAsync(LeanStore store, long sync, CancellationToken cancel)
        => store.WriteAsync(
            write =>
            {
                write.Run("DELETE FROM verdict WHERE sync = @s", ("@s", sync));
                write.Run("DELETE FROM plan_part WHERE sync = @s", ("@s", sync));
                write.Run("DELETE FROM batch WHERE sync = @s", ("@s", sync));
                write.Run("DELETE FROM chunk WHERE sync = @s AND seq >= @q", ("@s", sync), ("@q", CutStep.RetrySeq));
            },
            durable: false,
            cancel);
}
