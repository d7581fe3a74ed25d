using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text.Json;

namespace IterableAudience.Iterable;

/// <summary>
/// Metrics and spans of the requests to Iterable, counted as they happen. Labels are the call, Iterable's status and a <see cref="FailureCategory"/>;
/// spans add numbers and the address without its query. Nothing says whom a request was about, or with which key.
/// </summary>
internal static class IterableTelemetry
{
    public const string Name = "IterableAudience";

    private static readonly double[] Seconds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
    private static readonly double[] LongSeconds = [0.01, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600];
    private static readonly string[] Categories = [.. Enum.GetValues<FailureCategory>().Select(c => JsonNamingPolicy.SnakeCaseLower.ConvertName(c.ToString()))];

    private static readonly ActivitySource Source = new(Name);
    private static readonly Meter Meter = new(Name);
    private static readonly Counter<long> Requests = Meter.CreateCounter<long>("iterable_audience.requests", "{request}", "Requests to Iterable, by call and status.");
    private static readonly Counter<long> Retries = Meter.CreateCounter<long>("iterable_audience.request.retries", "{request}", "Of the requests, those that repeat one; error.type says why the one before was not enough.");
    private static readonly Counter<long> Parts = Meter.CreateCounter<long>("iterable_audience.request.parts", "{request}", "Calls that carry a part of a batch, to find the rows that Iterable refuses.");
    private static readonly Histogram<double> Duration = Histogram("iterable_audience.request.duration", "From the start of a request to the last byte of its answer, or to its failure.", Seconds);
    private static readonly Histogram<double> Queued = Histogram("iterable_audience.request.time_in_queue", "How long a request waited for its turn: for the rate budget, the limit in flight, and pauses.", LongSeconds);
    private static readonly Histogram<double> Pause = Histogram("iterable_audience.throttle.duration", "How long a project pauses after a 429.", LongSeconds);

    /// <summary>Which of the closed set of calls a request is.</summary>
    public static string CallOf(HttpRequestMessage request) => (request.Method == HttpMethod.Get, request.RequestUri!.AbsolutePath) switch
    {
        (false, var path) when path.EndsWith("/lists/subscribe", StringComparison.Ordinal) => "subscribe",
        (false, var path) when path.EndsWith("/lists/unsubscribe", StringComparison.Ordinal) => "unsubscribe",
        (true, var path) when path.EndsWith("/lists", StringComparison.Ordinal) => "get_lists",
        (false, var path) when path.EndsWith("/lists", StringComparison.Ordinal) => "create_list",
        _ => "other",
    };

    /// <summary>A request has its turn.</summary>
    /// <param name="request">The request.</param>
    /// <param name="call">With what its last attempt brought; that one is repeated now.</param>
    /// <param name="waited">How long it waited for the turn.</param>
    /// <returns>Its span, when anybody listens.</returns>
    public static Activity? Start(HttpRequestMessage request, IterableCall call, TimeSpan waited)
    {
        var name = CallOf(request);
        Queued.Record(waited.TotalSeconds, new KeyValuePair<string, object?>("call", name));
        if (call.Answer is { } before)
        {
            Retries.Add(1, new("call", name), new("error.type", Categories[(int)before.Failure.Category]));
        }

        if (!Source.HasListeners() || Source.StartActivity($"{request.Method} {request.RequestUri!.AbsolutePath}", ActivityKind.Client) is not { } span)
        {
            return null;
        }

        span.SetTag("http.request.method", request.Method.Method)
            .SetTag("url.full", request.RequestUri.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped))
            .SetTag("server.address", request.RequestUri.Host)
            .SetTag("server.port", request.RequestUri.Port)
            .SetTag("iterable_audience.request.attempt", call.Attempts + 1);
        if (request.Content is BatchContent batch)
        {
            span.SetTag("iterable_audience.request.size", batch.Rows);
        }

        return span;
    }

    /// <summary>A request is over.</summary>
    public static void End(Activity? span, HttpRequestMessage request, Answer answer, TimeSpan took)
    {
        var failed = answer.Failure.Category != FailureCategory.None;
        TagList tags = new() { { "call", CallOf(request) } };
        if (answer.Status is { } status)
        {
            tags.Add("http.response.status_code", status);
            span?.SetTag("http.response.status_code", status);
        }

        Duration.Record(took.TotalSeconds, tags);
        if (failed)
        {
            var category = Categories[(int)answer.Failure.Category];
            tags.Add("error.type", category);
            span?.SetTag("error.type", category).SetStatus(ActivityStatusCode.Error);
        }

        Requests.Add(1, tags);
    }

    public static void Paused(TimeSpan pause) => Pause.Record(pause.TotalSeconds);

    public static void Part(OperationKind kind) => Parts.Add(1, new KeyValuePair<string, object?>("call", kind == OperationKind.Subscribe ? "subscribe" : "unsubscribe"));

    private static Histogram<double> Histogram(string name, string description, double[] buckets)
        => Meter.CreateHistogram(name, "s", description, tags: null, advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = buckets });
}
