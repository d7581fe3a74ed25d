using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace IterableAudience.Hosting;

/// <summary>
/// Metrics in Prometheus' format, always; metrics and traces by OTLP when the standard variables name an endpoint. Labels are routes and words of
/// closed sets, never values of a record.
/// </summary>
internal static class TelemetrySetup
{
    /// <summary>The name of the service's own meters and of its source of spans.</summary>
    public const string Name = "IterableAudience";

    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private const string TracesEndpoint = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
    private const string MetricsEndpoint = "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT";

    /// <exception cref="StartFailure">An endpoint is set and is no address.</exception>
    public static IServiceCollection AddTelemetry(this IServiceCollection services, IConfiguration configuration)
    {
        var (traces, metrics) = (EndpointOf(configuration, TracesEndpoint), EndpointOf(configuration, MetricsEndpoint));
        var telemetry = services.AddOpenTelemetry()
            .ConfigureResource(r => r.AddService("iterable-audience", serviceVersion: ServiceVersion.Current.Version, autoGenerateServiceInstanceId: false).AddEnvironmentVariableDetector())
            .WithMetrics(m =>
            {
                m.AddMeter(Name, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime").AddPrometheusExporter();
                if (metrics is not null)
                {
                    m.AddOtlpExporter(o => Point(o, metrics));
                }
            });
        if (traces is not null)
        {
            // Without a listener no span is made at all.
            telemetry.WithTracing(t => t.AddSource(Name).AddOtlpExporter(o => Point(o, traces)));
        }

        return services;
    }

    /// <summary>The endpoint of one signal: its own, which is taken as it is, or the common one, to which HTTP adds the signal's path.</summary>
    private static OtlpEndpoint? EndpointOf(IConfiguration configuration, string own)
        => Read(configuration, own) is { } address ? new(address, IsOwn: true) : Read(configuration, Endpoint) is { } common ? new(common, IsOwn: false) : null;

    private static Uri? Read(IConfiguration configuration, string name)
    {
        if (string.IsNullOrWhiteSpace(configuration[name]))
        {
            return null;
        }

        return Uri.TryCreate(configuration[name], UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            ? address
            : throw new StartFailure($"{name} must be an address such as http://localhost:4317.");
    }

    /// <summary>Protocol, headers and timeout are read from their variables by the exporter itself, and so is the common endpoint.</summary>
    private static void Point(OtlpExporterOptions options, OtlpEndpoint endpoint)
    {
        if (endpoint.IsOwn)
        {
            options.Endpoint = endpoint.Address;
        }
    }

    private sealed record OtlpEndpoint(Uri Address, bool IsOwn);
}
