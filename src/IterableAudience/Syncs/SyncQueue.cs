using System.Collections.Concurrent;
using System.Threading.Channels;
using IterableAudience.Store;
using Microsoft.EntityFrameworkCore;

namespace IterableAudience.Syncs;

/// <summary>
/// Runs syncs in the background, each on its own; at start, those that were cut off go on. One process owns an embedded store (see
/// <c>StoreLock</c>), so whatever is active there at start belongs to nobody any more.
/// </summary>
internal sealed partial class SyncQueue(
    SyncRunner runner, AbandonedSyncs abandoned, Ledger.LedgerCounts ledger, Func<StoreContext> open, SyncMonitor monitor, TimeProvider time, ILogger<SyncQueue> logger) : BackgroundService
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private readonly Channel<long> _waiting = Channel.CreateUnbounded<long>();
    private readonly ConcurrentDictionary<long, Task> _running = new();
    private IReadOnlyList<LeftBehind> _leftBehind = [];

    /// <summary>Ends a sync whose records could not be stored, as soon as the store takes writes again; its connection is free then.</summary>
    public void Abandon(long sync)
        => _running[-sync] = Task.Run(() => WithStoreAsync(-sync, cancel => abandoned.CloseAsync(sync, cancel), monitor.Stopping), CancellationToken.None);

    /// <summary>Hands a staged sync over.</summary>
    public void Enqueue(long sync) => _waiting.Writer.TryWrite(sync);

    /// <summary>Finds what a former process left behind; before the server listens, so that no push of this one is taken for it.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await using (var db = open())
        {
            _leftBehind = await db.Syncs.AsNoTracking().Where(s => s.Active).OrderBy(s => s.No)
                .Select(s => new LeftBehind(s.No, s.Id, s.Phase)).ToListAsync(cancellationToken);
        }

        await base.StartAsync(cancellationToken);
    }

    /// <remarks>
    /// NOTE: it goes by <see cref="SyncMonitor.Stopping"/>. Its own token is set only after the server has waited for its clients, and they may be
    /// waiting for a sync.
    /// </remarks>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var stopping = monitor.Stopping;
        try
        {
            await ResumeAsync(stopping);
            await foreach (var sync in _waiting.Reader.ReadAllAsync(stopping))
            {
                _running[sync] = Task.Run(() => WithStoreAsync(sync, cancel => runner.RunAsync(sync, cancel), stopping), CancellationToken.None);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // what is on the wire is recorded before we go
        }

        await Task.WhenAll(_running.Values);
    }

    private async Task ResumeAsync(CancellationToken cancel)
    {
        await ledger.ReleaseDeletedAsync(cancel);
        foreach (var sync in _leftBehind)
        {
            if (sync.Phase == SyncPhase.Staging)
            {
                Abandon(sync.No);
            }
            else
            {
                Log.Resumed(logger, sync.Id, sync.Phase.Word());
                Enqueue(sync.No);
            }
        }
    }

    /// <summary>Works on one sync; trouble of the store pauses it, and it goes on from what is stored when the store is back.</summary>
    private async Task WithStoreAsync(long key, Func<CancellationToken, Task> work, CancellationToken stopping)
    {
        var pause = TimeSpan.FromSeconds(1);
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await work(stopping);
                break;
            }
            catch (Exception e) when (StoreTrouble.Is(e))
            {
                if (monitor.Find(key) is { } progress)
                {
                    progress.StoreInTrouble = true;
                }

                Log.Paused(logger, e.GetType().Name, pause.TotalSeconds);
                await Task.Delay(pause, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                break;
            }
#pragma warning disable CA1031 // nobody awaits this task: what is not logged here is lost
            catch (Exception e)
#pragma warning restore CA1031
            {
                Log.Lost(logger, e);
                break;
            }
        }

        _running.TryRemove(key, out _);
    }

    private sealed record LeftBehind(long No, string Id, SyncPhase Phase);

    private static partial class Log
    {
        [LoggerMessage(120, LogLevel.Information, "Sync {SyncId} was cut off while {Phase} and goes on now.")]
        public static partial void Resumed(ILogger logger, string syncId, string phase);

        [LoggerMessage(121, LogLevel.Error, "The store can't be used ({Error}). The sync pauses for {Seconds} s and goes on when the store is back; nothing is lost.")]
        public static partial void Paused(ILogger logger, string error, double seconds);

        [LoggerMessage(122, LogLevel.Critical, "A sync could not be run; it goes on at the next start.")]
        public static partial void Lost(ILogger logger, Exception exception);
    }
}
