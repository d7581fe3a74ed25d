using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace IterableAudience.Hosting;

/// <summary>Health, version and metrics.</summary>
internal static class HealthEndpoints
{
    /// <summary>The tag of checks that decide whether the service is ready.</summary>
    public const string Ready = "ready";

    public static void MapHealth(this WebApplication app)
    {
        app.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = _ => false, ResponseWriter = WriteAsync });
        app.MapHealthChecks("/health/ready", new HealthCheckOptions { Predicate = c => c.Tags.Contains(Ready), ResponseWriter = WriteAsync });
        app.MapGet("/version", Version).WithTags("Service");

        var metrics = app.MapPrometheusScrapingEndpoint("/metrics");
        if (!app.Configuration.GetValue<bool>("Metrics:Anonymous"))
            metrics.Needs(Roles.Viewer);
    }

    /// <summary>Which build this is.</summary>
    private static ServiceVersion Version() => ServiceVersion.Current;

    private static Task WriteAsync(HttpContext context, HealthReport report)
        => context.Response.WriteAsJsonAsync(new HealthView(
            report.Status.ToString(),
            report.Entries.ToDictionary(e => e.Key, e => e.Value.Description ?? e.Value.Status.ToString())));

    /// <param name="Status"><c>Healthy</c>, <c>Degraded</c> or <c>Unhealthy</c>.</param>
    /// <param name="Checks">Each check with what it found.</param>
    private sealed record HealthView(string Status, IReadOnlyDictionary<string, string> Checks);
}
