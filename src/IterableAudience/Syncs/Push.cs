using IterableAudience.Connections;
using IterableAudience.Hosting;
using IterableAudience.Iterable;
using IterableAudience.Records;
using IterableAudience.Store;
using IterableAudience.Syncs.Intake;
using IterableAudience.Syncs.Nodes;
using IterableAudience.Syncs.Retry;
using IterableAudience.Syncs.Staging;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace IterableAudience.Syncs;

/// <summary>What a push asks for besides its records.</summary>
internal sealed record PushOptions(bool Full, bool DryRun, bool Resend, long? ExpectedRecords, TimeSpan Wait);

/// <summary>
/// Steps 1 to 4 of the spine for pushed records: claims the connection by making the sync, then maps, judges and stages the body while it
/// arrives. Once the whole body is on the disk the sync belongs to <see cref="SyncQueue"/>; a body that never becomes whole ends as aborted.
/// </summary>
internal sealed class Push(
    Func<StoreContext> open,
    KeyedHash hash,
    SyncWorkLoader loader,
    AbandonedSyncs abandoned,
    SyncQueue queue,
    NodeClaims node,
    SyncMonitor monitor,
    IOptions<IntakeOptions> intake,
    TimeProvider time)
{
    /// <summary>
    /// Makes the sync: the claim on the connection. Null when another one is active there (the unique index says so, whoever came first).
    /// </summary>
    public async Task<Sync?> ClaimAsync(Connection connection, PushOptions options, string? idempotencyKey, CancellationToken cancel)
    {
        await using var db = open();
        var sync = new Sync
        {
            Id = ShortId.New(),
            ConnectionNo = connection.No,
            ListNo = connection.ListNo,
            Trigger = SyncTrigger.Push,
            Full = options.Full,
            DryRun = options.DryRun,
            Resend = options.Resend,
            Phase = SyncPhase.Staging,
            Outcome = SyncOutcome.Running,
            Active = true,
            StartedAt = time.GetUtcNow(),
            ExpectedRecords = options.ExpectedRecords,
            IdempotencyKey = idempotencyKey,
        };
        return await SyncStart.SaveAsync(db, sync, node, cancel) ? sync : null;
    }

    /// <summary>Stages the body. Afterwards the sync is queued, or it has ended as aborted and the reason is thrown.</summary>
    /// <exception cref="BodyException">The body can't be taken as a whole. The sync has ended as aborted.</exception>
    /// <exception cref="OperationCanceledException">The sender is gone, or the service stops: the sync has ended as aborted; or it was cancelled.</exception>
    public async Task StageAsync(Sync sync, Connection connection, Stream body, bool ndjson, CancellationToken senderGone)
    {
        var work = await LoadAsync(sync.No);
        work.Progress.Phase = SyncPhase.Staging;
        var stager = new Stager(work.Store, hash, sync.No, work.Project.Type, sync.Full);
        work.Progress.Counts = stager.Counts;
        var waits = work.Progress.Waits;
        waits.Begin(Wait.Source);
        RecordSink sink = (records, cancel) => StageAsync(stager, waits, records, cancel);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(senderGone, work.Progress.Stop.Token, work.Progress.Lost.Token, monitor.Stopping);
        try
        {
            var read = ndjson
                ? await RecordBody.ReadNdjsonAsync(body, connection.Mapping(), sink, intake.Value, time, stop.Token)
                : await RecordBody.ReadJsonAsync(body, connection.Mapping(), sink, intake.Value, time, stop.Token);
            waits.End(Wait.Source);
            await stager.FinishAsync(CancellationToken.None, joining: work.RetryFailed ? RetrySet.Count(work.Store, connection.No) : 0);
            if (sync.ExpectedRecords is { } expected && expected != read.Records)
            {
                await AbandonAsync(work, stager, SyncOutcome.Aborted, $"{expected} records were expected and {read.Records} came. Nothing was sent.");
                return;
            }

            await QueueAsync(work, stager, read.Hash);
            queue.Enqueue(sync.No);
        }
        catch (Exception e) when (e is BodyException or OperationCanceledException or IOException or Microsoft.AspNetCore.Connections.ConnectionAbortedException)
        {
            var cancelled = work.Progress.Stop.IsCancellationRequested;
            var why = e is BodyException fault ? fault.Message
                : !cancelled && monitor.Stopping.IsCancellationRequested ? AbandonedSyncs.Stopped
                : cancelled ? "The sync was stopped while its body was coming in. Nothing was sent."
                : "The sender was gone before the body was whole. Nothing was sent; push the records again.";
            try
            {
                await stager.FinishAsync(CancellationToken.None);
                await AbandonAsync(work, stager, cancelled ? SyncOutcome.Cancelled : SyncOutcome.Aborted, why);
            }
            catch (Exception trouble) when (StoreTrouble.Is(trouble) && trouble is not ClaimLostException)
            {
                queue.Abandon(sync.No);
            }

            throw;
        }
        catch (ClaimLostException)
        {
            throw; // it is another node's to end
        }
        catch
        {
            // Trouble of the store: nothing can be written now, so the sync ends when that is over.
            queue.Abandon(sync.No);
            throw;
        }
    }

    /// <summary>Stages a run of records; what the store takes for it is no wait for the body.</summary>
    private static async ValueTask StageAsync(Stager stager, WaitGauge waits, ReadOnlyMemory<ReceivedRecord> records, CancellationToken cancel)
    {
        var staging = stager.AddAsync(records, cancel);
        if (staging.IsCompletedSuccessfully)
        {
            return;
        }

        waits.End(Wait.Source);
        waits.Begin(Wait.Store);
        await staging;
        waits.End(Wait.Store);
        waits.Begin(Wait.Source);
    }

    private async Task<SyncWork> LoadAsync(long sync)
    {
        try
        {
            return await loader.LoadAsync(sync, CancellationToken.None);
        }
        catch
        {
            queue.Abandon(sync); // else it would claim the connection until the next start
            throw;
        }
    }

    private Task AbandonAsync(SyncWork work, Stager stager, SyncOutcome outcome, string why)
    {
        work.Sync.Partitions = stager.Partitions;
        return abandoned.CloseAsync(work with { Counts = stager.Counts }, outcome, why, CancellationToken.None);
    }

    /// <summary>The body is whole: on the disk when this returns, so that a 202 is a promise.</summary>
    private async Task QueueAsync(SyncWork work, Stager stager, string bodyHash)
    {
        work.Progress.Phase = SyncPhase.Queued;
        var told = node.TellsOthers ? monitor.Tell(work.Progress) : null; // whoever is asked from now on has an estimate
        await work.Store.WriteAsync(
            write =>
            {
                // A full push of which a chunk is lost would take everybody off who was in it.
                if (write.Count("SELECT sum(records) FROM chunk WHERE sync = @s", ("@s", work.Sync.No)) != stager.Counts.Received)
                {
                    throw new StoreForgotException();
                }

                return write.Run(
                    """
                    UPDATE sync SET "Phase" = @p, "Outcome" = @o, "Partitions" = @t, "CountsJson" = @c, "BodyHash" = @b, "ProgressJson" = @j WHERE "No" = @n
                    """,
                    ("@p", (int)SyncPhase.Queued), ("@o", (int)SyncOutcome.Queued), ("@t", stager.Partitions), ("@c", SyncJson.Write(stager.Counts)),
                    ("@b", bodyHash), ("@j", told), ("@n", work.Sync.No));
            },
            durable: true,
            CancellationToken.None);
    }
}
