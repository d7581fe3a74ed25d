using System.Diagnostics.Metrics;

namespace IterableAudience.Syncs;

/// <summary>What the syncs of this process are at, read whenever somebody asks.</summary>
/// <remarks>A meter of its own, so that the gauges go with the service.</remarks>
internal sealed class SyncGauges(SyncMonitor monitor, TimeProvider time) : IHostedService, IDisposable
{
    private static readonly SyncPhase[] Phases = [SyncPhase.Queued, SyncPhase.Staging, SyncPhase.Planning, SyncPhase.Sending, SyncPhase.Closing];

    private readonly Meter _meter = new(SyncTelemetry.Name);

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _meter.CreateObservableUpDownCounter("iterable_audience.sync.active", Active, "{sync}", "Syncs that this node works on, by phase; queued ones wait for their list.");
        _meter.CreateObservableGauge("iterable_audience.sync.age", Ages, "s", "Age of the oldest sync that this node works on, by phase; 0 when there is none.");
        _meter.CreateObservableUpDownCounter("iterable_audience.operation.pending", Pending, "{operation}", "Planned operations of running syncs that have no answer yet.");
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _meter.Dispose();

    private static KeyValuePair<string, object?> Of(SyncPhase phase) => new("phase", phase.Word());

    private IEnumerable<Measurement<long>> Active()
    {
        var running = monitor.Running.ToList();
        return Phases.Select(p => new Measurement<long>(running.Count(s => s.Phase == p), Of(p)));
    }

    private IEnumerable<Measurement<double>> Ages()
    {
        var (now, running) = (time.GetUtcNow(), monitor.Running.ToList());
        return Phases.Select(p => new Measurement<double>(
            Math.Max(0, running.Where(s => s.Phase == p && s.StartedAt is not null).Select(s => (now - s.StartedAt!.Value).TotalSeconds).DefaultIfEmpty().Max()), Of(p)));
    }

    private long Pending() => monitor.Running.Where(s => s.Phase == SyncPhase.Sending).Sum(s => Math.Max(0, s.Planned - s.Sent));
}
