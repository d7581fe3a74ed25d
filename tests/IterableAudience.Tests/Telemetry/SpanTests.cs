using System.Collections.Concurrent;
using System.Diagnostics;
using IterableAudience.Simulator.Api;
using IterableAudience.Simulator.Faults;
using IterableAudience.Tests.Iterable;
using IterableAudience.Tests.Stores;
using IterableAudience.Tests.Syncs;
using Xunit;

namespace IterableAudience.Tests.Telemetry;

/// <summary>One span for each sync, batch and request, each the child of the one before.</summary>
public sealed class SpanTests : IDisposable
{
    private readonly ConcurrentQueue<Activity> _spans = new();
    private readonly ActivityListener _listener;

    public SpanTests()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = s => s.Name == "IterableAudience",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = _spans.Enqueue,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public void Dispose() => _listener.Dispose();

    [Theory]
    [StoreData]
    public async Task A_sync_has_its_batches_and_a_batch_its_requests(StoreKind store)
    {
        await using var sync = await SyncHost.StartAsync(store);
        var audience = await sync.AudienceAsync();
        audience.Fault(new FaultRule { Fault = FaultKind.RateLimit, On = new() { Kind = CallKind.Subscribe } });
        audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 503, On = new() { Kind = CallKind.Subscribe } });
        var result = await audience.PushAsync(Row.People(1_200));
        var (root, spans) = await TraceAsync(result.Id);

        Assert.Null(root.ParentId);
        Assert.Equal(ActivityStatusCode.Unset, root.Status);
        Assert.Equal("push incremental queued completed", Tags(root, "sync.trigger", "sync.type", "sync.phase", "sync.outcome"));
        Assert.Equal(audience.Connection, root.GetTagItem("iterable_audience.connection.id"));
        var batches = spans.Where(s => s.OperationName == "batch").ToList();
        Assert.All(batches, b => Assert.Equal(root.SpanId, b.ParentSpanId));
        Assert.Equal(["subscribe subscribe 1000 answered", "subscribe subscribe 200 answered"], batches.Select(b => Tags(b, "batch.stage", "batch.kind", "batch.size", "batch.end")).Order());

        var requests = spans.Where(s => s.Kind == ActivityKind.Client).ToList();
        Assert.All(requests, r => Assert.Contains(batches, b => b.SpanId == r.ParentSpanId));
        Assert.All(requests, r => Assert.Equal("POST /api/lists/subscribe", r.DisplayName));
        Assert.All(requests, r => Assert.Equal($"{sync.Simulator.BaseUrl.GetLeftPart(UriPartial.Authority)}/api/lists/subscribe", r.GetTagItem("url.full")));
        Assert.Equal(
            ["200 ", "200 ", "429 throttled", "503 unavailable"],
            requests.Select(r => $"{r.GetTagItem("http.response.status_code")} {r.GetTagItem("error.type")}").Order(StringComparer.Ordinal));
        Assert.All(requests, r => Assert.Equal(r.GetTagItem("error.type") is null ? ActivityStatusCode.Unset : ActivityStatusCode.Error, r.Status));
        Assert.Equal(1, requests.Count(r => r.GetTagItem("iterable_audience.request.attempt") is 2)); // a 429 uses up no attempt
        Assert.All(requests, r => Assert.True(r.GetTagItem("iterable_audience.request.size") is 200 or 1000));
        Assert.Equal(1 + 2 + 4, spans.Count);
    }

    [Fact]
    public async Task Iterable_is_told_nothing_of_our_spans()
    {
        using var iterable = new FakeIterable();
        iterable.Answer(Reply.Counts(1, 0));
        using (new ActivitySource("IterableAudience").StartActivity("batch"))
        {
            await iterable.SendAsync(iterable.Batch(FakeIterable.People(1)), TestContext.Current.CancellationToken);
        }

        Assert.Contains(_spans, s => s.Kind == ActivityKind.Client);
        Assert.Contains("Api-Key", iterable.Headers, StringComparer.OrdinalIgnoreCase);
        Assert.DoesNotContain("traceparent", iterable.Headers, StringComparer.OrdinalIgnoreCase);
    }

    [Theory]
    [StoreData]
    public async Task What_fails_is_an_error_and_no_span_names_anybody(StoreKind store)
    {
        await using var sync = await SyncHost.StartAsync(store);
        var audience = await sync.AudienceAsync();
        audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 401, Times = 0, Body = """{"msg":"no key for p1@example.com","code":"BadApiKey"}""" });
        var result = await audience.PushAsync(Row.People(3));
        Assert.Equal("aborted", result.Outcome);
        var (root, spans) = await TraceAsync(result.Id);

        Assert.All(spans, s => Assert.Equal(ActivityStatusCode.Error, s.Status));
        Assert.Equal(result.Error, root.StatusDescription);
        Assert.Equal(["abort", "wrong_key"], spans.Select(s => (string?)s.GetTagItem("error.type")).OfType<string>().Order());
        foreach (var text in spans.SelectMany(s => s.TagObjects.Select(t => $"{t.Key} {t.Value}").Append($"{s.DisplayName} {s.StatusDescription}")))
        {
            Assert.All(new[] { "example.com", $"api-key-{audience.Project.Id}", TestHost.AdminToken }, secret => Assert.DoesNotContain(secret, text, StringComparison.Ordinal));
        }
    }

    [Theory]
    [StoreData]
    public async Task A_sync_that_goes_on_after_a_restart_has_a_new_span_with_the_same_id(StoreKind store)
    {
        await using var former = await SyncHost.StartAsync(store);
        var audience = await former.AudienceAsync();
        former.World.Behaviour = former.World.Behaviour with { DelayMs = 300 };
        var id = await audience.StartAsync(Row.People(20_000));
        Assert.True(SpinWait.SpinUntil(() => audience.Requests.Count > 0, TimeSpan.FromSeconds(30)));
        await former.Host.StopAsync();
        var (cutOff, _) = await TraceAsync(id);
        Assert.Null(cutOff.GetTagItem("iterable_audience.sync.outcome"));

        former.World.Behaviour = former.World.Behaviour with { DelayMs = 0 };
        await using var latter = new TestHost { Settings = { ["Iterable:BaseUrls:US"] = former.Simulator.BaseUrl.ToString(), ["Iterable:RequestsPerSecond"] = "10000" } }.On(former.Host);
        await latter.GetAsync($"{audience.Url}/syncs/{id}/events");
        var spans = await Wait(() => _spans.Where(s => s.OperationName == "sync" && Equals(s.GetTagItem("iterable_audience.sync.id"), id)).ToList(), s => s.Count == 2);

        Assert.Equal("sending completed", Tags(spans[1], "sync.phase", "sync.outcome"));
        Assert.NotEqual(spans[0].TraceId, spans[1].TraceId);
    }

    /// <summary>The span of a sync, with all spans of its trace. It ends a moment after the sync.</summary>
    private async Task<(Activity Root, List<Activity> Spans)> TraceAsync(string sync)
    {
        var root = (await Wait(() => _spans.Where(s => Equals(s.GetTagItem("iterable_audience.sync.id"), sync)).ToList(), s => s.Count > 0))[0];
        return (root, [.. _spans.Where(s => s.TraceId == root.TraceId)]);
    }

    private static async Task<List<Activity>> Wait(Func<List<Activity>> look, Func<List<Activity>, bool> wanted)
    {
        for (var i = 0; i < 1_000 && !wanted(look()); i++)
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        Assert.True(wanted(look()));
        return look();
    }

    private static string Tags(Activity span, params string[] names) => string.Join(' ', names.Select(n => span.GetTagItem("iterable_audience." + n)));
}
