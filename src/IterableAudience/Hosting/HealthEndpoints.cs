using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace IterableAudience.Hosting;

/// <summary>Health, version and metrics.</summary>
internal static class HealthEndpoints
{
    /// <summary>The tag of checks that decide whether the service is ready.</summary>
    public const string Ready = "ready";

    public static void MapHealth(this WebApplication app)
    {
        var group = app.MapGroup("").WithTags("Service");
        group.MapGet("/health/live", Live);
        group.MapGet("/health/ready", IsReady).Produces<HealthView>().Produces<HealthView>(StatusCodes.Status503ServiceUnavailable);
        group.MapGet("/version", Version);

        var metrics = app.MapPrometheusScrapingEndpoint("/metrics");
        if (!app.Configuration.GetValue<bool>("Metrics:Anonymous"))
            metrics.Needs(Roles.Viewer);
    }

    /// <summary>Which build this is.</summary>
    private static ServiceVersion Version() => ServiceVersion.Current;

    /// <summary>The process is alive.</summary>
    private static Ok<HealthView> Live() => TypedResults.Ok(new HealthView(nameof(HealthStatus.Healthy), new Dictionary<string, string>()));

    /// <summary>The service can work: the store is reachable, has the schema of this version and takes writes. Iterable is not part of it.</summary>
    private static async Task<JsonHttpResult<HealthView>> IsReady(HealthCheckService checks, CancellationToken cancellation)
    {
        var report = await checks.CheckHealthAsync(c => c.Tags.Contains(Ready), cancellation);
        return TypedResults.Json(
            new HealthView(report.Status.ToString(), report.Entries.ToDictionary(e => e.Key, e => e.Value.Description ?? e.Value.Status.ToString())),
            statusCode: report.Status == HealthStatus.Healthy ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    /// <param name="Status"><c>Healthy</c>, <c>Degraded</c> or <c>Unhealthy</c>.</param>
    /// <param name="Checks">Each check with what it found.</param>
    internal sealed record HealthView(string Status, IReadOnlyDictionary<string, string> Checks);
}
