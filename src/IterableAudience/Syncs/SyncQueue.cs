using System.Threading.Channels;
using IterableAudience.Store;
using IterableAudience.Syncs.Mirror;
using IterableAudience.Syncs.Nodes;

namespace IterableAudience.Syncs;

/// <summary>
/// Runs syncs in the background, each on its own. Those that were cut off, or whose node is gone, go on here: at start, and on a shared store
/// whenever one turns up (see <see cref="NodeClaims"/>).
/// </summary>
internal sealed partial class SyncQueue(
    SyncRunner runner, Pull pull, AbandonedSyncs abandoned, NodeClaims node, SyncMonitor monitor, TimeProvider time, ILogger<SyncQueue> logger) : BackgroundService
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private readonly Channel<long> _waiting = Channel.CreateUnbounded<long>();
    private readonly Lock _gate = new();
    private readonly Dictionary<long, Task> _running = [];
    private IReadOnlyList<TakenSync> _leftBehind = [];

    /// <summary>Ends a sync whose records could not be stored, as soon as the store takes writes again; its connection is free then.</summary>
    public void Abandon(long sync)
        => Start(sync, async cancel =>
        {
            // The commit that ended its staging may have been made, and only its answer lost.
            if (!await abandoned.TryCloseAsync(sync, cancel))
            {
                await runner.RunAsync(sync, cancel);
            }
        });

    /// <summary>Hands a staged sync over, or one whose source is still to be read.</summary>
    public void Enqueue(long sync) => _waiting.Writer.TryWrite(sync);

    /// <summary>Finds what a former process left behind; before the server listens, so that no push of this one is taken for it.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        _leftBehind = await node.TakeOverAsync(cancellationToken);
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
            Resume(_leftBehind);
            var patrolling = PatrolAsync(stopping);
            await foreach (var sync in _waiting.Reader.ReadAllAsync(stopping))
            {
                Start(sync, async cancel =>
                {
                    if (await pull.StageAsync(sync, cancel))
                    {
                        await runner.RunAsync(sync, cancel);
                    }
                });
            }

            await patrolling;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // what is on the wire is recorded before we go
        }

        Task[] running;
        lock (_gate)
        {
            running = [.. _running.Values];
        }

        await Task.WhenAll(running);
    }

    private void Resume(IReadOnlyList<TakenSync> syncs)
    {
        foreach (var sync in syncs)
        {
            if (sync is { Phase: SyncPhase.Staging, FromSource: false })
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

    /// <summary>Looks for syncs whose node is gone, on a store that others share.</summary>
    private async Task PatrolAsync(CancellationToken stopping)
    {
        if (node.Patrol is not { } pause)
        {
            return;
        }

        while (!stopping.IsCancellationRequested)
        {
            await Task.Delay(pause, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                Resume(stopping.IsCancellationRequested ? [] : await node.TakeOverAsync(stopping));
            }
#pragma warning disable CA1031 // whatever it was, the next round comes; the node's lease tells of a store that is away
            catch (Exception e)
#pragma warning restore CA1031
            {
                if (e is not OperationCanceledException && !StoreTrouble.Is(e))
                {
                    Log.Lost(logger, e);
                }
            }
        }
    }

    /// <summary>Works on a sync, after whatever this process is still doing for it: it may have lost the sync, and got it back.</summary>
    private void Start(long sync, Func<CancellationToken, Task> work)
    {
        lock (_gate)
        {
            var before = _running.GetValueOrDefault(sync, Task.CompletedTask);
            var task = Task.Run(() => AfterAsync(before), CancellationToken.None);
            _running[sync] = task;
            _ = task.ContinueWith(Ended, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }

        async Task AfterAsync(Task before)
        {
            await before;
            await WithStoreAsync(sync, work, monitor.Stopping);
        }

        void Ended(Task task)
        {
            lock (_gate)
            {
                if (_running.GetValueOrDefault(sync) == task)
                {
                    _running.Remove(sync);
                }
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
            catch (ClaimLostException)
            {
                Log.TakenOver(logger, key);
                monitor.Lose(key);
                break;
            }
#pragma warning disable CA1031 // nobody awaits this task: what is not logged here is lost
            catch (Exception e)
#pragma warning restore CA1031
            {
                Log.Lost(logger, e);
                monitor.Lose(key); // on a shared store the node notices that nobody works on it, and begins again
                break;
            }
        }

    }

    private static partial class Log
    {
        [LoggerMessage(120, LogLevel.Information, "Sync {SyncId} was cut off while {Phase} and goes on now.")]
        public static partial void Resumed(ILogger logger, string syncId, string phase);

        [LoggerMessage(121, LogLevel.Error, "The store can't be used ({Error}). The sync pauses for {Seconds} s and goes on when the store is back; nothing is lost.")]
        public static partial void Paused(ILogger logger, string error, double seconds);

        [LoggerMessage(123, LogLevel.Warning, "Sync number {Sync} is another node's by now: this one has stopped working on it.")]
        public static partial void TakenOver(ILogger logger, long sync);

        [LoggerMessage(122, LogLevel.Critical, "A sync could not be run; it goes on at the next start.")]
        public static partial void Lost(ILogger logger, Exception exception);
    }
}
