using System.Diagnostics.Metrics;

namespace IterableAudience.Iterable;

/// <summary>
/// How each Iterable project stands that this node has sent to, read whenever somebody asks. The labels are its data center and the beginning of
/// its name in the log, which is a keyed hash: enough to tell projects apart, and nothing that leads to a key.
/// </summary>
/// <remarks>A meter of its own, so that the gauges go with the service.</remarks>
internal sealed class PaceGauges(ProjectPacers pacers) : IHostedService, IDisposable
{
    /// <summary>Of base64: 48 bits.</summary>
    private const int NameLength = 8;

    private readonly Meter meter = new(IterableTelemetry.Name);

    public Task StartAsync(CancellationToken cancellationToken)
    {
        meter.CreateObservableGauge("iterable_audience.project.budget", () => Each(static s => s.BudgetRate), "{request}/s", "Requests per second that the account of the project allows.");
        meter.CreateObservableGauge("iterable_audience.project.rate", () => Each(static s => s.EffectiveRate), "{request}/s", "Requests per second at the moment: less than the budget after a 429.");
        meter.CreateObservableGauge("iterable_audience.project.pause", () => Each(static s => s.PausedFor.TotalSeconds), "s", "What is left of a pause after a 429; 0 when there is none.");
        // How much of the budget is used is the rate of this, over all nodes and for the time that the reader is interested in.
        meter.CreateObservableCounter("iterable_audience.project.request.started", () => Each(static s => s.Started), "{request}", "Requests of this node that were started, each of which uses the budget.");
        meter.CreateObservableUpDownCounter("iterable_audience.project.request.active", () => Each(static s => s.InFlight), "{request}", "Requests of this node that are on the wire.");
        meter.CreateObservableUpDownCounter("iterable_audience.project.request.waiting", () => Each(static s => s.Waiting), "{request}", "Requests of this node that wait for their turn.");
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => meter.Dispose();

    private IEnumerable<Measurement<T>> Each<T>(Func<PaceStatus, T> value)
        where T : struct
        => pacers.All.Where(static p => p.Status.BudgetRate > 0).Select(p => new Measurement<T>(
            value(p.Status),
            new KeyValuePair<string, object?>("data_center", p.DataCenter.ToString()),
            new KeyValuePair<string, object?>("project", p.ProjectKey[..Math.Min(NameLength, p.ProjectKey.Length)])));
}
