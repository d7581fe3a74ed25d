using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using IterableAudience.Store;
using Microsoft.EntityFrameworkCore;

namespace IterableAudience.Syncs;

/// <summary>
/// Syncs as they run, for those who watch: whoever asks within a second of another gets the same look, so that a sync costs the store one query a second
/// however many follow it.
/// </summary>
internal sealed class SyncFeed(Func<StoreContext> open, SyncMonitor monitor, TimeProvider time)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);
    private const int Remembered = 1000;
    private readonly ConcurrentDictionary<long, Look> _looks = [];

    /// <summary>Views of a sync until it is closed or the service stops: at most two a second, and the last one is of the closed sync.</summary>
    public async IAsyncEnumerable<SyncView> FollowAsync(long sync, string connectionId, [EnumeratorCancellation] CancellationToken cancellation)
    {
        SyncView? last = null;
        while (true)
        {
            var closed = monitor.Find(sync)?.Closed.Task ?? Task.CompletedTask;
            var view = await LookAsync(sync, connectionId).WaitAsync(cancellation);
            if (!ReferenceEquals(view, last))
            {
                yield return view;
            }

            last = view;
            if (view.Phase == "closed" || monitor.Stopping.IsCancellationRequested)
            {
                yield break; // one that isn't closed goes on at the next start; whoever follows it asks again then
            }

            using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellation, monitor.Stopping);
            var pause = Task.Delay(Pause, time, enough.Token);
            await (closed.IsCompleted ? Task.WhenAny(pause) : Task.WhenAny(closed, pause));
            cancellation.ThrowIfCancellationRequested();
        }
    }

    private Task<SyncView> LookAsync(long sync, string connectionId)
    {
        var look = _looks.AddOrUpdate(sync, _ => Begin(), (_, old) => IsGood(old) ? old : Begin());
        return look.View.Value;

        Look Begin() => new(time.GetTimestamp(), monitor.Find(sync)?.Closed.Task, new(() => ReadAsync(sync, connectionId)));
    }

    /// <summary>Still fresh, and its sync hasn't ended since.</summary>
    private bool IsGood(Look look)
    {
        if (time.GetElapsedTime(look.At) >= Fresh)
        {
            return false;
        }

        return look.View.IsValueCreated && look.View.Value is var read
            ? !read.IsFaulted && !read.IsCanceled && (look.Closed is not { IsCompleted: true } || read is { IsCompletedSuccessfully: true, Result.Phase: "closed" })
            : look.Closed is not { IsCompleted: true }; // somebody is just reading it
    }

    private async Task<SyncView> ReadAsync(long sync, string connectionId)
    {
        await using var db = open();
        var view = SyncView.Of(await db.Syncs.AsNoTracking().SingleAsync(s => s.No == sync), connectionId, monitor);
        if (_looks.Count > Remembered)
        {
            foreach (var (old, look) in _looks)
            {
                if (time.GetElapsedTime(look.At) > Fresh)
                {
                    _looks.TryRemove(old, out _);
                }
            }
        }

        return view;
    }

    /// <param name="At">When it began.</param>
    /// <param name="Closed">Completed when the sync, which ran here then, has been closed.</param>
    /// <param name="View">Read by the first who asks.</param>
    private sealed record Look(long At, Task? Closed, Lazy<Task<SyncView>> View);
}
