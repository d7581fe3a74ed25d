using IterableAudience.Store;
using IterableAudience.Syncs.Report;

namespace IterableAudience.Syncs;

/// <summary>A sync as the API shows it: RudderStack's fields, and the full story beside them.</summary>
public sealed record SyncView(
    string Id,
    string ConnectionId,
    string Status,
    string Outcome,
    string Phase,
    string Trigger,
    string SyncType,
    bool DryRun,
    string? PlanHash,
    DateTimeOffset StartedAt,
    DateTimeOffset? FinishedAt,
    string Error,
    MetricsView Metrics,
    SyncReport Report)
{
    internal static SyncView Of(Sync sync, string connectionId, SyncMonitor monitor)
    {
        var progress = sync.Active ? monitor.Find(sync.No) : null;
        // Another node works on it, and says now and then how far it is.
        var told = progress is null && sync is { Active: true, ProgressJson: { } json } ? SyncJson.Progress(json) : null;
        var report = sync.ReportJson is { } stored ? SyncJson.Report(stored)
            : progress is not null ? SyncReports.Running(progress, monitor.Eta(progress))
            : told is not null ? told.Report
            : SyncReports.Running(new SyncProgress(sync.No, TimeProvider.System) { Counts = SyncJson.Counts(sync.CountsJson), Phase = sync.Phase }, eta: null);
        // Until it is closed a sync is running, whatever it is going to end as.
        var outcome = !sync.Active ? sync.Outcome : sync.Phase == SyncPhase.Queued ? SyncOutcome.Queued : SyncOutcome.Running;
        return new(
            sync.Id, connectionId, outcome.Status(), outcome.Word(), PhaseOf(sync, progress, told).Word(),
            sync.Trigger.Word(), sync.Full ? "full" : "incremental", sync.DryRun, sync.PlanHash, sync.StartedAt, sync.FinishedAt,
            sync.Active ? "" : sync.Error, MetricsView.Of(report), report);
    }

    /// <summary>A phase is stored when it begins, and told of now and then: whichever is further on.</summary>
    private static SyncPhase PhaseOf(Sync sync, SyncProgress? progress, StoredProgress? told)
        => sync.Phase == SyncPhase.Queued ? sync.Phase
            : progress?.Phase ?? (told?.Phase > sync.Phase ? told.Phase : sync.Phase);
}

/// <summary>RudderStack's metrics: succeeded and failed together are the total.</summary>
public sealed record MetricsView(long Total, MetricsView.Part Changed, MetricsView.Part Succeeded, MetricsView.Part Failed)
{
    private static readonly string[] Good = ["subscribed", "unsubscribed", "unchanged", "retained", "superseded", "planned"];

    public sealed record Part(long Total);

    internal static MetricsView Of(SyncReport report)
    {
        var total = report.Outcomes.Values.Sum();
        var succeeded = Good.Sum(o => report.Outcomes[o]);
        return new(total, new(total), new(succeeded), new(total - succeeded));
    }
}
