using IterableAudience.Syncs.Ledger;
using IterableAudience.Syncs.Mirror;

namespace IterableAudience.Syncs.Retention;

/// <summary>Runs the purge at the start and then every hour, and finishes what a delete of a connection could not: the service was killed, or the store was away.</summary>
internal sealed partial class RetentionWorker(LedgerCounts ledger, WarehouseLog warehouses, Purge purge, TimeProvider time, ILogger<RetentionWorker> logger) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        try
        {
            do
            {
                await OnceAsync(stoppingToken);
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // what is half done is finished after the next start
        }
    }

    /// <summary>What one can't do the other does all the same.</summary>
    private async Task OnceAsync(CancellationToken stopping)
    {
        await TryAsync(() => ledger.ReleaseDeletedAsync(stopping), stopping);
        await TryAsync(() => PurgeAsync(stopping), stopping);
        await TryAsync(() => warehouses.CatchUpAsync(stopping), stopping); // last: it may wait for warehouses
    }

    private async Task PurgeAsync(CancellationToken stopping)
    {
        var counts = await purge.RunAsync(stopping);
        if (!counts.IsEmpty)
        {
            SyncTelemetry.Purged(counts);
            Log.Purged(logger, counts.Records, counts.Syncs, counts.Connections);
        }
    }

    private async Task TryAsync(Func<Task> work, CancellationToken stopping)
    {
        try
        {
            await work();
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            throw;
        }
#pragma warning disable CA1031 // trouble of the store passes, and a bug here must not end the service
        catch (Exception e)
#pragma warning restore CA1031
        {
            Log.Failed(logger, e);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(130, LogLevel.Information, "Retention removed the records of {Records} syncs, {Syncs} syncs with their reports, and {Connections} deleted connections.")]
        public static partial void Purged(ILogger logger, int records, int syncs, int connections);

        [LoggerMessage(131, LogLevel.Warning, "Retention could not remove what is due; it goes on within the hour.")]
        public static partial void Failed(ILogger logger, Exception exception);
    }
}
