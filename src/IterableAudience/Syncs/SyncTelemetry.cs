using System.Diagnostics;
using System.Diagnostics.Metrics;
using IterableAudience.Records;
using IterableAudience.Syncs.Report;

namespace IterableAudience.Syncs;

/// <summary>Traces and counters of the syncs. Labels are outcomes and reasons; never a person, a key or a list.</summary>
internal static class SyncTelemetry
{
    public const string Name = "IterableAudience";

    private static readonly ActivitySource Source = new(Name);
    private static readonly Meter Meter = new(Name);
    private static readonly Counter<long> Records = Meter.CreateCounter<long>("iterable_audience.records", "{record}", "Records by outcome and reason, counted when their sync closes.");
    private static readonly Counter<long> Requests = Meter.CreateCounter<long>("iterable_audience.requests", "{request}", "Requests to Iterable by kind, counted when their sync closes.");
    private static readonly Counter<long> Syncs = Meter.CreateCounter<long>("iterable_audience.syncs", "{sync}", "Closed syncs by outcome.");
    private static readonly Histogram<double> Duration = Meter.CreateHistogram(
        "iterable_audience.sync.duration", "s", "From start to close.", tags: null,
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14400] });

    public static Activity? StartSync(string syncId)
    {
        var activity = Source.StartActivity("sync");
        activity?.SetTag("sync.id", syncId);
        return activity;
    }

    public static void Closed(SyncOutcome outcome, SyncReport report, TimeSpan took)
    {
        var word = outcome.Word();
        Syncs.Add(1, new KeyValuePair<string, object?>("outcome", word));
        Duration.Record(took.TotalSeconds, new KeyValuePair<string, object?>("outcome", word));
        Requests.Add(report.Requests.Subscribe, new KeyValuePair<string, object?>("kind", "subscribe"));
        Requests.Add(report.Requests.Unsubscribe, new KeyValuePair<string, object?>("kind", "unsubscribe"));
        foreach (var (name, count) in report.Outcomes.Where(o => o.Value > 0))
        {
            var named = report.Reasons.Where(r => r.Outcome == name).ToList();
            foreach (var reason in named)
            {
                Records.Add(reason.Count, new("outcome", name), new("reason", reason.Reason));
            }

            if (count - named.Sum(r => r.Count) is > 0 and var plain)
            {
                Records.Add(plain, new("outcome", name), new("reason", "none"));
            }
        }
    }
}
