using IterableAudience.Accounts;
using IterableAudience.Connections;
using IterableAudience.Records;
using IterableAudience.Sources;
using IterableAudience.Store;
using IterableAudience.Syncs.Nodes;
using IterableAudience.Syncs.Retry;
using IterableAudience.Syncs.Staging;
using IterableAudience.Warehouses;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace IterableAudience.Syncs.Mirror;

/// <summary>
/// Steps 2 to 4 of the spine for a source: reads it, finds what changed since the baseline, and stages that. The baseline itself does not move here but when the sync
/// has come to its end (<see cref="BaselineKeeper"/>), so a sync that is cut off loses no change. A pull that was cut off begins anew.
/// </summary>
internal sealed partial class Pull(
    Func<StoreContext> open,
    KeyedHash hash,
    SyncWorkLoader loader,
    WarehouseDirectory warehouses,
    AbandonedSyncs abandoned,
    NodeClaims node,
    SyncMonitor monitor,
    IOptions<SourcesOptions> options,
    ILogger<Pull> logger)
{
    /// <summary>Stages a sync of a source.</summary>
    /// <param name="syncNo">The sync.</param>
    /// <param name="shutdown">The service stops: the pull begins anew at the next start.</param>
    /// <returns>Whether the sync is staged, and is to be run; else it has ended.</returns>
    /// <exception cref="ClaimLostException">Another node has taken the sync over.</exception>
    public async Task<bool> StageAsync(long syncNo, CancellationToken shutdown)
    {
        var work = await loader.LoadAsync(syncNo, shutdown);
        if (work.Sync.Phase != SyncPhase.Staging)
        {
            return true;
        }

        using var scope = Log.Scope(logger, work.Sync.Id, work.Connection.Id);
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(work.Progress.Lost.Token, shutdown);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(work.Progress.Stop.Token, leave.Token);
        work.Progress.Phase = SyncPhase.Staging;
        work.Progress.Waits.Begin(Wait.Source);
        var stager = new Stager(work.Store, hash, syncNo, work.Project.Type, full: false, holdBack: true);
        try
        {
            await BeginAnewAsync(work);
            work.Progress.Counts = stager.Counts;
            await StageAsync(work, stager, stop.Token);
            work.Progress.Waits.End(Wait.Source);
            return true;
        }
        catch (OperationCanceledException) when (work.Progress.Lost.IsCancellationRequested)
        {
            throw new ClaimLostException(syncNo);
        }
        catch (OperationCanceledException) when (shutdown.IsCancellationRequested)
        {
            throw;
        }
        catch (OperationCanceledException)
        {
            await EndAsync(work, stager, SyncOutcome.Cancelled, "The sync was cancelled while it read the source. Nothing was sent.");
        }
        catch (WarehouseException e)
        {
            Log.Refused(logger, e.Reason, e.Message);
            await EndAsync(work, stager, SyncOutcome.Aborted, $"{e.Message} Nothing was sent.");
        }
        catch (Exception e) when (e is ClaimLostException || StoreTrouble.Is(e))
        {
            throw;
        }
#pragma warning disable CA1031 // a bug must not leave a sync without an end
        catch (Exception e)
#pragma warning restore CA1031
        {
            Log.Broken(logger, e);
            await EndAsync(work, stager, SyncOutcome.Aborted, $"The service met an error of its own while it read the source ({e.GetType().Name}); its log has the details. Nothing was sent.");
        }

        return false;
    }

    /// <summary>Removes what an earlier attempt has left behind.</summary>
    private static Task BeginAnewAsync(SyncWork work)
        => work.Store.WriteAsync(
            write =>
            {
                write.Run("DELETE FROM chunk WHERE sync = @s", ("@s", work.Sync.No));
                BaselineStore.Drop(write, work.Connection.No, work.Sync.No);
            },
            durable: false,
            CancellationToken.None);

    private async Task StageAsync(SyncWork work, Stager stager, CancellationToken cancel)
    {
        var (source, account, baseline, previous) = await LoadAsync(work, cancel);
        var readAs = ReadAs.Of(source, account, work.Connection);
        var alike = baseline is not null && !readAs.NeedsFullAfter(BaselineStore.Read<ReadAs>(baseline.ReadAsJson));
        var comparable = !work.Sync.Full && alike && baseline is { NeedsFull: false, NeedsCompare: false };
        var sendsAll = work.Sync.Full || !alike || baseline!.NeedsFull;
        if (sendsAll && !work.Sync.Full)
        {
            // Told at once: whoever looks while it reads, or after it could not, sees what it is.
            work.Sync.Full = true;
            await work.Store.WriteAsync(write => write.Run("""UPDATE sync SET "Full" = @f WHERE "No" = @n""", ("@f", true), ("@n", work.Sync.No)), durable: false, CancellationToken.None);
        }

        var nobodyYet = work.Store.Read(c => c.Count(
            "SELECT CAST(coalesce(sum(members + maybes + leaving), 0) AS BIGINT) FROM ledger_count WHERE list = @l AND connection = @c", ("@l", work.Connection.ListNo), ("@c", work.Connection.No))) == 0;
        var run = new DiffRun(work, hash, stager, readAs, comparable ? baseline : null, nobodyYet) { Tolerated = alike ? baseline!.Nameless : 0 };
        var table = await ReadAsync(run, source, comparable ? previous : null, cancel);
        await run.FlushAsync(cancel);

        var joining = work.RetryFailed && !run.Full ? RetrySet.Count(work.Store, work.Connection.No) : 0;
        await stager.FinishAsync(CancellationToken.None, joining);
        await QueueAsync(work, stager, run, sendsAll || (comparable && run.Full), new SourceRun
        {
            SyncNo = work.Sync.No,
            ConnectionNo = work.Connection.No,
            Way = table is null ? DiffWay.Ledger : DiffWay.Snapshot,
            ReadAsJson = BaselineStore.Json(readAs),
            Nameless = run.Nameless,
            SnapshotTable = table,
            SnapshotColumnsJson = BaselineStore.Json(run.Columns.All),
        });
    }

    private async Task<(Source Source, Account Account, Baseline? Baseline, SourceRun? Previous)> LoadAsync(SyncWork work, CancellationToken cancel)
    {
        await using var db = open();
        var source = await db.Sources.AsNoTracking().SingleOrDefaultAsync(s => s.Id == work.Connection.SourceId, cancel)
            ?? throw new WarehouseException(WarehouseException.NotFound, "The connection's source has been deleted.");
        var account = await db.Accounts.AsNoTracking().SingleAsync(a => a.Id == source.AccountId, cancel);
        var baseline = await db.Baselines.AsNoTracking().SingleOrDefaultAsync(b => b.ConnectionNo == work.Connection.No, cancel);
        var previous = baseline is null ? null : await db.SourceRuns.AsNoTracking().SingleOrDefaultAsync(r => r.SyncNo == baseline.SyncNo, cancel);
        return (source, account, baseline, previous);
    }

    /// <summary>Reads the source in the better of the two ways.</summary>
    /// <returns>The snapshot table that was made; null when none was.</returns>
    private async Task<string?> ReadAsync(DiffRun run, Source source, SourceRun? previous, CancellationToken cancel)
    {
        var schema = options.Value.Schema;
        if (run.Work.Connection.SyncLogs().Enabled!.Value)
        {
            await using var session = await warehouses.OpenAsync(source.AccountId, SessionMode.ReadThenWrite, cancel);
            if (session.TryPrepareSchema(schema, cancel))
            {
                Look(run, session, cancel);
                if (SnapshotSql.CanHold(run.Columns))
                {
                    var table = SnapshotSql.TableName(run.Work.Connection.Id, run.Work.Sync.Id);
                    var before = previous is { SnapshotTable: { } made } ? (made, BaselineStore.Read<IReadOnlyList<string>>(previous.SnapshotColumnsJson)) : default((string, IReadOnlyList<string>)?);
                    await new SnapshotDiff(run, session, schema).StageAsync(table, before, cancel);
                    return table;
                }
            }
        }

        await using var reading = await warehouses.OpenAsync(source.AccountId, SessionMode.Read, cancel);
        Look(run, reading, cancel);
        if (previous?.Way != DiffWay.Ledger)
        {
            run.MakeFull();
        }

        await new LedgerDiff(run, reading).StageAsync(cancel);
        return null;
    }

    private static void Look(DiffRun run, WarehouseSession session, CancellationToken cancel)
    {
        var config = run.ReadAs.Config;
        run.Read(SourceColumns.Find(config.Query, session.Describe(config.Query, cancel), session.FormOf, config.PrimaryKey!, run.ReadAs.Columns));
    }

    /// <summary>The source is read: from here on the sync is like any other.</summary>
    private async Task QueueAsync(SyncWork work, Stager stager, DiffRun run, bool sendsAll, SourceRun note)
    {
        var counts = stager.Counts;
        (counts.SourceRows, counts.RemovalsSkipped) = (run.Rows, run.KeepAbsent);
        var (sync, connection) = (work.Sync, work.Connection);
        work.Progress.Phase = SyncPhase.Queued;
        var told = node.TellsOthers ? monitor.Tell(work.Progress) : null;
        await work.Store.WriteAsync(
            write =>
            {
                // Of a full sync a lost chunk would take everybody off who was in it; of any other, what it said would never be found again. And a lost slice
                // of the baseline would be an older one's, whose changes would never be found.
                if (write.Count("SELECT CAST(coalesce(sum(records), 0) AS BIGINT) FROM chunk WHERE sync = @s", ("@s", sync.No)) != counts.Received
                    || write.Count("SELECT count(*) FROM baseline_part WHERE connection = @c AND sync = @s AND live = 0", ("@c", connection.No), ("@s", sync.No)) != run.PartsWritten)
                {
                    throw new StoreForgotException();
                }

                BaselineStore.Note(write, note);
                return write.Run(
                    """
                    UPDATE sync SET "Phase" = @p, "Outcome" = @o, "Full" = @f, "Resend" = @a, "Partitions" = @t, "CountsJson" = @c, "ProgressJson" = @j, "PlanConnectionVersion" = @v WHERE "No" = @n
                    """,
                    ("@p", (int)SyncPhase.Queued), ("@o", (int)SyncOutcome.Queued), ("@f", run.Full), ("@a", run.Full && sendsAll), ("@t", stager.Partitions), ("@c", SyncJson.Write(counts)),
                    ("@j", told), ("@v", connection.Version), ("@n", sync.No));
            },
            durable: true,
            CancellationToken.None);
    }

    private async Task EndAsync(SyncWork work, Stager stager, SyncOutcome outcome, string error)
    {
        await stager.FinishAsync(CancellationToken.None);
        work.Sync.Partitions = stager.Partitions;
        await abandoned.CloseAsync(work with { Counts = stager.Counts }, outcome, error, CancellationToken.None);
    }

    private static partial class Log
    {
        public static readonly Func<ILogger, string, string, IDisposable?> Scope =
            LoggerMessage.DefineScope<string, string>("sync {SyncId} of connection {ConnectionId}");

        [LoggerMessage(160, LogLevel.Warning, "The source could not be read ({Reason}): {Message}")]
        public static partial void Refused(ILogger logger, string reason, string message);

        [LoggerMessage(161, LogLevel.Error, "Reading the source met an error of the service itself; the sync ends as aborted.")]
        public static partial void Broken(ILogger logger, Exception exception);
    }
}
