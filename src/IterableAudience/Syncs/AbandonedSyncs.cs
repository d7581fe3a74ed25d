using IterableAudience.Store;
using IterableAudience.Syncs.Staging;

namespace IterableAudience.Syncs;

/// <summary>Ends syncs whose body never became whole, or whose source could not be read: nothing is sent, and what had come in is accounted for.</summary>
internal sealed class AbandonedSyncs(SyncWorkLoader loader, SyncCloser closer)
{
    public const string Stopped = "The service stopped while the body was coming in. Nothing was sent; push the records again.";

    /// <summary>Ends a sync that a former process was staging.</summary>
    /// <returns>False when its staging had ended after all: it is to be run.</returns>
    public async Task<bool> TryCloseAsync(long syncNo, CancellationToken cancel)
    {
        var work = await loader.LoadAsync(syncNo, cancel);
        if (work.Sync.Phase != SyncPhase.Staging)
        {
            return false;
        }

        Recount(work);
        await CloseAsync(work, SyncOutcome.Aborted, Stopped, cancel);
        return true;
    }

    /// <summary>Ends a sync as aborted or cancelled; the key of its body is free again.</summary>
    public async Task CloseAsync(SyncWork work, SyncOutcome outcome, string error, CancellationToken cancel)
    {
        await work.Store.WriteAsync(
            write => write.Run(
                "UPDATE sync SET \"IdempotencyKey\" = NULL, \"Partitions\" = @p WHERE \"No\" = @n", ("@p", work.Sync.Partitions), ("@n", work.Sync.No)),
            durable: false,
            cancel);
        await closer.CloseAsync(work, outcome, error, cancel);
    }

    /// <summary>The counts of what is in the store: those in memory died with the process.</summary>
    private static void Recount(SyncWork work)
    {
        work.Sync.Partitions = work.Store.Read(c => c.Count("SELECT max(part) FROM chunk WHERE sync = @s", ("@s", work.Sync.No))) > 0 ? Stager.LargePartitions : 1;
        for (var part = 0; part < work.Sync.Partitions; part++)
        {
            List<StagedRecord> records = [];
            foreach (var (seq, blob) in work.Store.Read(c => c.Rows(
                "SELECT seq, blob FROM chunk WHERE sync = @s AND part = @p", r => (r.GetInt32(0), r.Blob(1)), ("@s", work.Sync.No), ("@p", part))))
            {
                ChunkCodec.Read(blob, seq, records);
            }

            foreach (var record in records)
            {
                work.Counts.Count(record.Action, (record.Flags & StagedFlags.Dropped) != 0, record.Key.Kind != KeyKind.None);
            }
        }
    }
}
