using System.Collections.Concurrent;

namespace IterableAudience.Syncs;

/// <summary>The syncs that this process works on, by number.</summary>
internal sealed class SyncMonitor
{
    private readonly ConcurrentDictionary<long, SyncProgress> _running = new();

    public SyncProgress Of(long sync) => _running.GetOrAdd(sync, _ => new SyncProgress());

    public SyncProgress? Find(long sync) => _running.GetValueOrDefault(sync);

    public void Close(long sync)
    {
        if (_running.TryRemove(sync, out var progress))
        {
            progress.Closed.TrySetResult();
        }
    }
}
