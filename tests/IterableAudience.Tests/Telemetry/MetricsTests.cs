using System.Globalization;
using System.Text.RegularExpressions;
using IterableAudience.Simulator.Api;
using IterableAudience.Simulator.Faults;
using IterableAudience.Simulator.Projects;
using IterableAudience.Tests.Faults;
using IterableAudience.Tests.Stores;
using Xunit;

namespace IterableAudience.Tests.Telemetry;

/// <summary>What /metrics says after syncs that are known. In a process of its own: the counters are those of the process.</summary>
public sealed partial class MetricsTests : ProcessTest
{
    [Theory]
    [StoreData]
    public async Task The_scrape_says_what_happened_when_it_happened_and_names_nobody(StoreKind store)
    {
        var site = await SiteAsync(store, ("Iterable__RequestsPerSecond", "20"), ("Iterable__MaxInFlight", "2"), ("Iterable__AttemptTimeout", "00:00:30"));
        var audience = await site.AudienceAsync("measured");
        site.Project.Forget(null, Rows.UserId(7));
        site.World.Faults.Add(new FaultRule { Fault = FaultKind.RateLimit, Times = 2, On = new() { Kind = CallKind.Subscribe } });
        site.World.Faults.Add(new FaultRule { Fault = FaultKind.Respond, Status = 503, Times = 1, On = new() { Kind = CallKind.Subscribe } });
        await site.SyncAsync(audience, new Rows().Insert(0, 2_500).Insert(0, 30).Bad(5_000, 10));

        // A second one is on its way: one of its two batches is answered, the other hangs. (Either may come first.)
        site.Hang(audience, CallKind.Unsubscribe, FaultKind.Hang, skip: 1, times: 1);
        var running = await site.PushAsync(audience, new Rows().Delete(0, 1_100));
        await Until.Is("a batch is answered and one hangs", () => site.Calls(audience, CallKind.Unsubscribe).Count() == 2);
        await site.SyncUntilAsync(audience, running, s => (long)s["report"]!["progress"]!["sent"]! >= 50);
        var scrape = await ScrapeAsync(site);

        Equal(scrape, 3, "requests_total", "call=subscribe", "http_response_status_code=200");
        Equal(scrape, 2, "requests_total", "call=subscribe", "http_response_status_code=429", "error_type=throttled");
        Equal(scrape, 1, "requests_total", "call=subscribe", "http_response_status_code=503", "error_type=unavailable");
        Equal(scrape, 1, "requests_total", "call=unsubscribe", "http_response_status_code=200"); // though its sync has not ended
        Equal(scrape, 1, "requests_total", "call=create_list", "http_response_status_code=200");
        Equal(scrape, 2, "request_retries_total", "call=subscribe", "error_type=throttled");
        Equal(scrape, 1, "request_retries_total", "call=subscribe", "error_type=unavailable");
        Equal(scrape, 3, "request_duration_seconds_count", "call=subscribe", "http_response_status_code=200");
        Equal(scrape, 6, "request_time_in_queue_seconds_count", "call=subscribe");
        Equal(scrape, 2, "throttle_duration_seconds_count");
        var project = ProjectOf(scrape);
        Equal(scrape, 20, "project_budget_per_second", project);
        Assert.InRange(Value(scrape, "project_rate_per_second", project), 20 * 0.7 * 0.7, 19.9); // two 429, told one after the other or at once
        Equal(scrape, 0, "project_pause_seconds", project);
        // Every request used the budget, whatever its answer, and so does the one that hangs.
        Equal(scrape, Values(scrape, "requests_total").Sum() + 1, "project_request_started_total", project);
        Equal(scrape, 1, "project_request_active", project);
        Equal(scrape, 0, "project_request_waiting", project);
        Equal(scrape, 2_499, "operations_total", "kind=subscribe", "outcome=subscribed");
        Equal(scrape, 1, "operations_total", "kind=subscribe", "outcome=forgotten");
        Equal(scrape, 2_499, "records_total", "outcome=subscribed", "reason=none");
        Equal(scrape, 30, "records_total", "outcome=superseded", "reason=later_record_same_key");
        Equal(scrape, 10, "records_total", "outcome=rejected", "reason=no_valid_identifier");
        Equal(scrape, 1, "records_total", "outcome=forgotten", "reason=user_forgotten");
        Equal(scrape, 1, "syncs_total", "outcome=completed_with_failures");
        Equal(scrape, 1, "sync_duration_seconds_count", "outcome=completed_with_failures");
        Equal(scrape, 1, "sync_active", "phase=sending");
        Equal(scrape, 0, "sync_active", "phase=queued");
        Assert.InRange(Value(scrape, "sync_age_seconds", "phase=sending"), 0.01, 120);
        Assert.InRange(Value(scrape, "operation_pending"), 50, 1_000);
        Assert.InRange(Value(scrape, "store_write_duration_seconds_count", "kind=durable"), 5, 1_000);
        Assert.InRange(Value(scrape, "store_write_time_in_queue_seconds_count", "kind=relaxed"), 5, 10_000);
        Equal(scrape, 0, "store_write_waiting");
        Assert.Contains(scrape, l => l.Contains("iterable_audience_request_duration_seconds_bucket", StringComparison.Ordinal) && l.Contains("le=\"0.025\"", StringComparison.Ordinal));

        // Nobody's data, and no label whose values have no end.
        string[] secrets = [ApiKey, AdminToken, "example.com", Rows.KeyPrefix, Rows.UserIdPrefix, audience.Connection, running, $"\"{audience.List}\""];
        Assert.All(scrape, line => Assert.All(secrets, s => Assert.DoesNotContain(s, line, StringComparison.OrdinalIgnoreCase)));
    }

    /// <summary>The labels of the one project that there is.</summary>
    private static string[] ProjectOf(string[] scrape)
    {
        var name = Assert.Single(scrape.Select(l => ProjectLabel().Match(l)).Where(m => m.Success).Select(m => m.Groups[1].Value).Distinct());
        return ["data_center=US", $"project={name}"];
    }

    [GeneratedRegex("^iterable_audience_project_.*,project=\"([A-Za-z0-9_-]{8})\"")]
    private static partial Regex ProjectLabel();

    private static async Task<string[]> ScrapeAsync(Site site)
    {
        using var answer = await site.SendAsync(HttpMethod.Get, "/metrics", null);
        return (await answer.EnsureSuccessStatusCode().Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Split('\n');
    }

    private static void Equal(string[] scrape, double expected, string name, params string[] labels)
        => Assert.True(Value(scrape, name, labels) == expected, $"{name} {string.Join(' ', labels)} is not {expected}:\n{string.Join('\n', scrape.Where(l => l.StartsWith("iterable_audience_" + name, StringComparison.Ordinal)))}");

    /// <summary>The value of the one series with this name, these labels and no others.</summary>
    private static double Value(string[] scrape, string name, params string[] labels)
    {
        var series = scrape.Where(l => l.StartsWith($"iterable_audience_{name}{{", StringComparison.Ordinal)).Where(l =>
        {
            var own = l[(l.IndexOf('{', StringComparison.Ordinal) + 1)..l.IndexOf('}', StringComparison.Ordinal)].Replace("\"", "", StringComparison.Ordinal)
                .Split(',').Where(o => !o.StartsWith("otel_scope", StringComparison.Ordinal));
            return own.Order().SequenceEqual(labels.Order());
        }).ToList();
        Assert.True(series.Count == 1, $"{name} {string.Join(' ', labels)}: {series.Count} series in\n{string.Join('\n', scrape.Where(l => l.StartsWith("iterable_audience_" + name, StringComparison.Ordinal)))}");
        return ValueOf(series[0]);
    }

    /// <summary>The values of all series with this name.</summary>
    private static IEnumerable<double> Values(string[] scrape, string name)
        => scrape.Where(l => l.StartsWith($"iterable_audience_{name}{{", StringComparison.Ordinal)).Select(ValueOf);

    private static double ValueOf(string line)
        => double.Parse(line[(line.IndexOf('}', StringComparison.Ordinal) + 1)..].Trim().Split(' ')[0], CultureInfo.InvariantCulture);
}
