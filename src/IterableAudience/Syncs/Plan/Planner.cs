using IterableAudience.Store;
using IterableAudience.Syncs.Ledger;
using IterableAudience.Syncs.Staging;

namespace IterableAudience.Syncs.Plan;

/// <summary>
/// Step 5 of the spine: staged identities against the ledger → the ordered operations of the sync, cut into batches. It reads the ledger
/// and changes nothing in it; run again after a crash, it begins anew. Memory holds one slice of the key space (some thousands to some
/// tens of thousands of records), and what lies between the steps spills to a file.
/// </summary>
internal sealed class Planner(LeanStore store, KeyedHash hash)
{
    /// <summary>Plans a staged sync whose list is claimed. Fills in <paramref name="counts"/> and returns the hash that names the plan.</summary>
    public async Task<string> PlanAsync(Sync sync, PlanMode mode, SyncCounts counts, Action<double> progress, CancellationToken cancel)
    {
        await ForgetAsync(sync.No, cancel);
        using var ledgerConnection = store.OpenRead();
        using var ledger = new LedgerReader(ledgerConnection, sync.ListNo, sync.ConnectionNo);
        var ledgerIsEmpty = ledgerConnection.Count("SELECT EXISTS (SELECT 1 FROM holder WHERE list = @l)", ("@l", sync.ListNo)) == 0;
        (counts.MembersBefore, var maybes, _) = ledger.Counts();
        counts.MembersBefore += maybes;
        using var run = new PlanRun(sync.No, sync.ConnectionNo, sync.Partitions, mode, hash, ledger, counts);

        var keys = new KeyStep(run);
        for (var part = 0; part < run.Partitions; part++)
        {
            var verdicts = keys.Run(ledgerConnection, part);
            await store.WriteAsync(
                write =>
                {
                    using var insert = write.Command(
                        "INSERT INTO verdict (sync, part, seq, outcomes, blob) VALUES (@s, @p, @q, 0, @b)", "@s", "@p", "@q", "@b");
                    foreach (var (seq, blob) in verdicts)
                    {
                        insert.Run(sync.No, part, seq, blob);
                    }
                },
                durable: false,
                cancel);
            progress((part + 1.0) / run.Partitions / 2);
        }

        new IdentityStep(run, ledgerIsEmpty).Run(cancel);

        using var cut = new CutStep(run);
        for (var part = 0; part < run.Partitions; part++)
        {
            await store.WriteAsync(write => cut.Run(write, part), durable: false, cancel);
            progress(0.5 + ((part + 1.0) / run.Partitions / 2));
        }

        return await store.WriteAsync(cut.Finish, durable: false, cancel);
    }

    /// <summary>Removes what an earlier attempt to plan left behind.</summary>
    private Task ForgetAsync(long sync, CancellationToken cancel)
        => store.WriteAsync(
            write =>
            {
                write.Run("DELETE FROM verdict WHERE sync = @s", ("@s", sync));
                write.Run("DELETE FROM plan_part WHERE sync = @s", ("@s", sync));
                write.Run("DELETE FROM batch WHERE sync = @s", ("@s", sync));
                write.Run("DELETE FROM chunk WHERE sync = @s AND seq = @q", ("@s", sync), ("@q", CutStep.OwnSeq));
            },
            durable: false,
            cancel);
}
