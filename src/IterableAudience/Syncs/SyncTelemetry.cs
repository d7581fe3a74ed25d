using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text.Json;
using IterableAudience.Iterable;
using IterableAudience.Records;
using IterableAudience.Syncs.Report;
using IterableAudience.Syncs.Retention;
using IterableAudience.Syncs.Send;

namespace IterableAudience.Syncs;

/// <summary>
/// Metrics and spans of the syncs. Labels are words of closed sets; spans add the ids of sync and connection, numbers and sizes. Never a
/// person, a key or a list.
/// </summary>
internal static class SyncTelemetry
{
    public const string Name = "IterableAudience";

    private static readonly ActivitySource Source = new(Name);
    private static readonly Meter Meter = new(Name);
    private static readonly Counter<long> Records = Meter.CreateCounter<long>("iterable_audience.records", "{record}", "Records by outcome and reason, counted when their sync closes.");
    private static readonly Counter<long> Sent = Meter.CreateCounter<long>("iterable_audience.operations", "{operation}", "Operations that were sent, by kind and outcome, counted when their batch is recorded.");
    private static readonly Counter<long> Syncs = Meter.CreateCounter<long>("iterable_audience.syncs", "{sync}", "Closed syncs by outcome.");
    private static readonly Counter<long> Retention = Meter.CreateCounter<long>("iterable_audience.retention.syncs", "{sync}", "Syncs of which retention removed the records, or the report as well.");
    private static readonly Counter<long> Ticks = Meter.CreateCounter<long>("iterable_audience.schedule.ticks", "{tick}", "Ticks of schedules by what came of them: started, skipped because a sync was running, refused.");
    private static readonly Histogram<double> Duration = Meter.CreateHistogram(
        "iterable_audience.sync.duration", "s", "From start to close.", tags: null,
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14400] });

    /// <summary>The span of a sync, from where it begins to plan or goes on. One that goes on after a restart has a new span with the same id.</summary>
    public static Activity? StartSync(SyncWork work)
        => Source.StartActivity("sync")?
            .SetTag("iterable_audience.sync.id", work.Sync.Id)
            .SetTag("iterable_audience.connection.id", work.Connection.Id)
            .SetTag("iterable_audience.sync.trigger", work.Sync.Trigger.Word())
            .SetTag("iterable_audience.sync.type", work.Sync.Full ? "full" : "incremental")
            .SetTag("iterable_audience.sync.phase", work.Sync.Phase.Word())
            .SetTag("iterable_audience.sync.size", work.Counts.Total);

    /// <summary>Says how the sync ended; one that was cut off has no outcome yet.</summary>
    public static void EndSync(Activity? span, Sync sync)
    {
        if (span is null || sync.Phase != SyncPhase.Closed)
        {
            return;
        }

        span.SetTag("iterable_audience.sync.outcome", sync.Outcome.Word());
        if (sync.Outcome == SyncOutcome.Aborted)
        {
            span.SetStatus(ActivityStatusCode.Error, sync.Error);
        }
    }

    /// <summary>Counts a tick: <c>started</c>, <c>skipped</c> or <c>refused</c>.</summary>
    public static void Tick(string result) => Ticks.Add(1, new KeyValuePair<string, object?>("result", result));

    /// <summary>The span of a batch: from its first request to its record in the store.</summary>
    public static Activity? StartBatch(Stage stage, int number, OperationKind kind)
        => Source.StartActivity("batch")?
            .SetTag("iterable_audience.batch.stage", JsonNamingPolicy.SnakeCaseLower.ConvertName(stage.ToString()))
            .SetTag("iterable_audience.batch.number", number)
            .SetTag("iterable_audience.batch.kind", Word(kind));

    public static void EndBatch(Activity? span, BatchResult result)
    {
        if (span is null)
        {
            return;
        }

        span.SetTag("iterable_audience.batch.size", result.Results.Length);
        var end = JsonNamingPolicy.SnakeCaseLower.ConvertName(result.End.ToString());
        span.SetTag("iterable_audience.batch.end", end).SetTag("iterable_audience.batch.attempts", result.Attempts);
        if (result.End is BatchEnd.Abort or BatchEnd.GaveUp or BatchEnd.ThrottledOut)
        {
            span.SetTag("error.type", end).SetStatus(ActivityStatusCode.Error, result.Message);
        }
    }

    /// <summary>Marks a span as failed while an exception passes it by; false, so that it goes on.</summary>
    public static bool Pass(Activity? span, Exception exception)
    {
        span?.SetTag("error.type", exception.GetType().FullName).SetStatus(ActivityStatusCode.Error);
        return false;
    }

    public static void Operations(OperationKind kind, Outcome outcome, long count) => Sent.Add(count, new("kind", Word(kind)), new("outcome", outcome.Word()));

    public static void Purged(PurgeCounts counts)
    {
        Retention.Add(counts.Records, new KeyValuePair<string, object?>("removed", "records"));
        Retention.Add(counts.Syncs, new KeyValuePair<string, object?>("removed", "sync"));
    }

    public static void Closed(SyncOutcome outcome, SyncReport report, TimeSpan took)
    {
        var word = outcome.Word();
        Syncs.Add(1, new KeyValuePair<string, object?>("outcome", word));
        Duration.Record(took.TotalSeconds, new KeyValuePair<string, object?>("outcome", word));
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

    private static string Word(OperationKind kind) => kind == OperationKind.Subscribe ? "subscribe" : "unsubscribe";
}
