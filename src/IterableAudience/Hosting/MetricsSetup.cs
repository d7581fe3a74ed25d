using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace IterableAudience.Hosting;

/// <summary>Metrics in Prometheus' format. Labels are routes, words of closed sets and ids, never values of a record.</summary>
internal static class MetricsSetup
{
    /// <summary>The name of the service's own meter.</summary>
    public const string Meter = "IterableAudience";

    public static IServiceCollection AddServiceMetrics(this IServiceCollection services)
    {
        services.AddOpenTelemetry().ConfigureResource(r => r.AddService("iterable-audience", autoGenerateServiceInstanceId: false)).WithMetrics(m => m
            .AddMeter(Meter, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime")
            .AddPrometheusExporter());
        return services;
    }
}
