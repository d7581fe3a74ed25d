using System.Collections.Concurrent;
using IterableAudience.Syncs.Report;

namespace IterableAudience.Syncs;

/// <summary>The syncs that this process works on, by number.</summary>
internal sealed class SyncMonitor(IHostApplicationLifetime lifetime, TimeProvider time)
{
    private readonly ConcurrentDictionary<long, SyncProgress> _running = new();
    private volatile IReadOnlyList<(string Project, Estimate.Part Part)> _elsewhere = [];

    /// <summary>Set when the service is told to stop, before its server waits for open requests: whoever waits for a sync, or for a body, goes then.</summary>
    public CancellationToken Stopping => lifetime.ApplicationStopping;

    public SyncProgress Of(long sync) => _running.GetOrAdd(sync, no => new SyncProgress(no, time));

    public SyncProgress? Find(long sync) => _running.GetValueOrDefault(sync);

    /// <summary>Numbers of the syncs that this process works on.</summary>
    public IReadOnlyList<long> Known => [.. _running.Keys];

    /// <summary>Another node has taken the sync over: this one stops, and whoever waits for the sync reads on from the store.</summary>
    public void Lose(long sync)
    {
        if (_running.TryRemove(sync, out var progress))
        {
            progress.Lost.Cancel();
            progress.Closed.TrySetResult();
        }
    }

    /// <summary>A look at all of them.</summary>
    public IEnumerable<SyncProgress> Running => _running.Values;

    /// <summary>What syncs of other nodes have still to send, by project, as those nodes told it lately.</summary>
    public IReadOnlyList<(string Project, Estimate.Part Part)> Elsewhere
    {
        get => _elsewhere;
        set => _elsewhere = value;
    }

    /// <summary>What can be told of the syncs now.</summary>
    public IReadOnlyList<(long Sync, string Json)> Told() => [.. _running.Select(r => (r.Key, Tell(r.Value)))];

    /// <summary>What can be told of a sync now, as JSON of <see cref="StoredProgress"/>.</summary>
    public string Tell(SyncProgress progress) => SyncJson.Write(new StoredProgress(progress.Phase, SyncReports.Running(progress, Eta(progress)), progress.Open));

    /// <summary>How long a sync still takes, in seconds; null while that can't be known.</summary>
    public long? Eta(SyncProgress progress)
    {
        if (progress.Pace is not { } pace)
        {
            return null;
        }

        var status = pace.Pacer.Status;
        var here = _running.Values.Where(p => p != progress && p.Pace?.Project == pace.Project).Select(p => p.Part);
        var elsewhere = _elsewhere.Where(e => e.Project == pace.Project && !_running.ContainsKey(e.Part.No)).Select(e => e.Part); // taken over since
        return Estimate.Seconds(progress.Part, here, elsewhere, Estimate.Speed.Of(pace.Limits, status), status.PausedFor);
    }

    public void Close(long sync)
    {
        if (_running.TryRemove(sync, out var progress))
        {
            progress.Closed.TrySetResult();
        }
    }
}
