using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using IterableAudience.Store;
using IterableAudience.Syncs.Ledger;
using IterableAudience.Syncs.Retry;
using IterableAudience.Syncs.Staging;

namespace IterableAudience.Syncs.Plan;

/// <summary>
/// Step 5 of the spine: staged identities against the ledger → the ordered operations of the sync, cut into batches. It reads the ledger
/// and changes nothing in it; run again after a crash, it begins anew. Memory holds a few slices of the key space (some thousands to some
/// tens of thousands of records each), and what lies between the steps spills to a file.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "A semaphore that nobody waits for by handle holds nothing.")]
internal sealed class Planner(KeyedHash hash)
{
    /// <summary>Slices that are planned at the same time. More would only wait for each other's store.</summary>
    private static readonly int MaxLanes = Math.Clamp(Environment.ProcessorCount, 1, 4);

    /// <summary>Syncs that are planned at the same time.</summary>
    private const int AtOnce = 4;

    private readonly SemaphoreSlim _turns = new(AtOnce);

    private const string InsertVerdict = "INSERT INTO verdict (sync, part, outcomes, seq, blob) VALUES (?1, ?2, ?3, ?4, ?5)";
    private static readonly CopyInto CopyVerdicts = new("verdict", "sync bigint, part integer, outcomes bigint, seq integer, blob bytea");

    /// <summary>For a test: see <see cref="PlanRun.RulesOnly"/>.</summary>
    internal bool RulesOnly { get; init; }

    /// <summary>Plans a staged sync whose list is claimed. Fills in <paramref name="counts"/> and returns the hash that names the plan.</summary>
    public async Task<string> PlanAsync(LeanStore store, Sync sync, PlanMode mode, SyncCounts counts, Action<double> progress, CancellationToken cancel)
    {
        // Each holds several connections, and needs another one to write.
        await _turns.WaitAsync(cancel);
        try
        {
            return await PlanInTurnAsync(store, sync, mode, counts, progress, cancel);
        }
        finally
        {
            _turns.Release();
        }
    }

    private async Task<string> PlanInTurnAsync(LeanStore store, Sync sync, PlanMode mode, SyncCounts counts, Action<double> progress, CancellationToken cancel)
    {
        await ForgetAsync(store, sync.No, cancel);
        using var connection = store.OpenRead();
        using var ledger = new LedgerReader(connection, sync.ListNo, sync.ConnectionNo);
        var ledgerIsEmpty = connection.Count("SELECT 1 FROM holder WHERE list = @l LIMIT 1", ("@l", sync.ListNo)) == 0;
        (counts.MembersBefore, var maybes, _) = ledger.Counts();
        counts.MembersBefore += maybes;
        using var run = new PlanRun(sync.No, sync.ConnectionNo, sync.Partitions, mode, hash, counts) { RulesOnly = RulesOnly };

        if (mode is { RetryFailed: true, Full: false })
        {
            new KeylessDeletes(run, connection).Find(); // a full push has no deletes
        }

        await DecideKeysAsync(store, run, sync, progress, cancel);
        await new IdentityStep(run, ledgerIsEmpty ? null : ledger).RunAsync(cancel);

        using var cut = new CutStep(run);
        for (var part = 0; part < run.Partitions;)
        {
            var (first, slices) = (part, cut.Prepare(part));
            await store.WriteAsync(write => cut.Write(write, first, slices), durable: false, cancel);
            part += slices.Count;
            progress(0.5 + ((double)part / run.Partitions / 2));
        }

        return await store.WriteAsync(cut.Finish, durable: false, cancel);
    }

    /// <summary>First step: the keys, several slices at a time.</summary>
    private static async Task DecideKeysAsync(LeanStore store, PlanRun run, Sync sync, Action<double> progress, CancellationToken cancel)
    {
        var (next, done) = (-1, 0);
        await Task.WhenAll(Enumerable.Range(0, Math.Min(run.Partitions, MaxLanes)).Select(_ => Task.Run(LaneAsync, cancel)));

        async Task LaneAsync()
        {
            using var connection = store.OpenRead();
            using var ledger = new LedgerReader(connection, sync.ListNo, sync.ConnectionNo);
            var keys = new KeyStep(run, connection, ledger);
            var writing = Task.CompletedTask;
            try
            {
                for (int part; (part = Interlocked.Increment(ref next)) < run.Partitions;)
                {
                    // One slice is written while the next is decided.
                    var (decided, of) = (keys.Run(part), part);
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
