using Serilog;
using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting.Compact;

namespace IterableAudience.Hosting;

/// <summary>
/// Structured console logs: JSON lines when the output is collected, text when a person looks. Requests are logged by their route, not by their
/// address, since addresses and query strings hold whatever a client puts there.
/// </summary>
internal static class LoggingSetup
{
    private const string RequestTemplate = "HTTP {Method} {Route} answered {StatusCode} in {Elapsed:0.0} ms";

    public static IServiceCollection AddLogs(this IServiceCollection services, IConfiguration configuration)
        => services.AddLogging(l => l.ClearProviders()).AddSerilog(
            logs =>
            {
                logs.MinimumLevel.Information()
                    .MinimumLevel.Override("Microsoft.AspNetCore", LogEventLevel.Warning)
                    .MinimumLevel.Override("Microsoft.EntityFrameworkCore", LogEventLevel.Warning)
                    .MinimumLevel.Override("System.Net.Http.HttpClient", LogEventLevel.Warning)
                    .MinimumLevel.Override("Quartz", LogEventLevel.Warning) // its event ids at a start are those of our alerts
                    // It warns that the key ring in its folder is not encrypted: that is the documented default.
                    .MinimumLevel.Override("Microsoft.AspNetCore.DataProtection", LogEventLevel.Error)
                    .MinimumLevel.Override(typeof(TokenAuthentication).FullName!, LogEventLevel.Warning)
                    .Enrich.FromLogContext()
                    .Enrich.With<NoAddresses>()
                    .ReadFrom.Configuration(configuration);
                if (!configuration.GetValue("Logging:Console", true))
                    return;
                if (System.Console.IsOutputRedirected)
                    logs.WriteTo.Console(new RenderedCompactJsonFormatter());
                else
                    logs.WriteTo.Console(formatProvider: System.Globalization.CultureInfo.InvariantCulture);
            },
            // The process may hold several hosts (tests do), and providers beside Serilog get the same events.
            preserveStaticLogger: true,
            writeToProviders: true);

    public static IApplicationBuilder UseRequestLogs(this IApplicationBuilder app)
        => app.UseSerilogRequestLogging(o =>
        {
            // Its default is the static logger, which is not ours.
            o.Logger = app.ApplicationServices.GetRequiredService<Serilog.ILogger>();
            o.MessageTemplate = RequestTemplate;
            o.IncludeQueryInRequestPath = false;
            o.GetLevel = Level;
            o.GetMessageTemplateProperties = (context, _, elapsed, status) =>
            [
                new("Method", new ScalarValue(context.Request.Method)),
                new("Route", new ScalarValue((context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "(no route)")),
                new("StatusCode", new ScalarValue(status)),
                new("Elapsed", new ScalarValue(elapsed)),
            ];
        });

    /// <summary>The framework puts the address into the scope of everything that a request logs.</summary>
    private sealed class NoAddresses : ILogEventEnricher
    {
        public void Enrich(LogEvent logEvent, ILogEventPropertyFactory propertyFactory) => logEvent.RemovePropertyIfPresent("RequestPath");
    }

    private static LogEventLevel Level(HttpContext context, double elapsed, Exception? exception)
        => context.Response.StatusCode >= StatusCodes.Status500InternalServerError && context.Response.StatusCode != StatusCodes.Status502BadGateway ? LogEventLevel.Error
            : context.Request.Path.StartsWithSegments("/health") || context.Request.Path.StartsWithSegments("/metrics") || context.Request.Path.StartsWithSegments("/console") || context.Request.Path.StartsWithSegments("/vendor") ? LogEventLevel.Debug
            : LogEventLevel.Information;
}
