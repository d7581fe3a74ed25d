using System.Collections.Concurrent;
using IterableAudience.Tests.Faults;
using IterableAudience.Tests.Syncs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using Xunit;

namespace IterableAudience.Tests.Telemetry;

/// <summary>The exporter follows the standard variables: nothing set, nothing sent.</summary>
public sealed class OtlpTests : ProcessTest
{
    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "", "/v1/metrics /v1/traces")]
    [InlineData("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "/own/traces", "/own/traces")]
    [InlineData("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "/own/metrics", "/own/metrics")]
    public async Task Traces_and_metrics_go_where_the_variables_say(string name, string path, string expected)
    {
        await using var collector = await CollectorAsync();
        var site = await SiteAsync(
            (name, collector.Urls.First() + path), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"), ("OTEL_METRIC_EXPORT_INTERVAL", "200"), ("OTEL_BSP_SCHEDULE_DELAY", "200"));
        await site.SyncAsync(await site.AudienceAsync("told"), Rows.Of(0, 3));
        await Until.Is("both have arrived", () => expected.Split(' ').All(_arrived.ContainsKey));
        Assert.Equal(0, await site.Service.StopAsync());

        Assert.Equal(expected, string.Join(' ', _arrived.Keys.Order()));
        Assert.All(_arrived.Values, body => Assert.Equal("application/x-protobuf", body.Type));
        Assert.All(_arrived.Values, body => Assert.Contains("iterable-audience", body.Text, StringComparison.Ordinal));
        foreach (var secret in new[] { ApiKey, AdminToken, "@example.com", Rows.KeyPrefix, Rows.UserIdPrefix })
            Assert.All(_arrived.Values, body => Assert.DoesNotContain(secret, body.Text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Nothing_is_exported_and_no_span_is_made_when_no_endpoint_is_set()
    {
        await using var host = new TestHost();
        await host.GetAsync("/health/live", null);
        Assert.Null(host.Provider.GetService<TracerProvider>());
        Assert.NotNull(host.Provider.GetService<MeterProvider>());
        Assert.DoesNotContain(host.Provider.GetServices<Microsoft.Extensions.Options.IConfigureOptions<OpenTelemetry.Exporter.OtlpExporterOptions>>(), _ => true);
    }

    private readonly ConcurrentDictionary<string, (string? Type, string Text)> _arrived = new();

    /// <summary>Takes whatever is posted; the texts in a protobuf message stand there as they are.</summary>
    private async Task<WebApplication> CollectorAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.MapPost("/{**path}", async (HttpRequest request) =>
        {
            using var body = new MemoryStream();
            await request.Body.CopyToAsync(body, TestContext.Current.CancellationToken);
            var text = System.Text.Encoding.Latin1.GetString(body.ToArray());
            _arrived.AddOrUpdate(request.Path, (request.ContentType, text), (_, before) => (request.ContentType, before.Text + text));
        });
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }
}
