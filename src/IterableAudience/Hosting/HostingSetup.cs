using FluentValidation;
using Microsoft.Extensions.Options;

namespace IterableAudience.Hosting;

/// <summary>Everything that any web service needs, in the order of a request's way through it.</summary>
internal static class HostingSetup
{
    /// <summary>Configuration routes take small bodies; a route that takes more says so in its own metadata.</summary>
    public const long LargestBody = 1024 * 1024;

    public static WebApplicationBuilder AddHosting(this WebApplicationBuilder builder)
    {
        builder.WebHost.ConfigureKestrel(k =>
        {
            k.Limits.MaxRequestBodySize = LargestBody;
            k.AddServerHeader = false;
        });
        if (!ListensSomewhere(builder.Configuration))
            builder.WebHost.UseUrls("http://127.0.0.1:8080");

        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddLogs(builder.Configuration);
        builder.Services.AddProblems().AddJson().AddServiceMetrics().AddDocuments().AddSingleton<LiveIds>();
        builder.Services.AddSecurity(builder.Configuration);
        builder.Services.AddValidatorsFromAssemblyContaining<Program>(
            ServiceLifetime.Singleton,
            // A request's validator is its nested type Validator; others are asked for by their own name.
            filter: found => found.ValidatorType.Name == "Validator",
            includeInternalTypes: true);
        builder.Services.AddHealthChecks();
        return builder;
    }

    public static WebApplication UseHosting(this WebApplication app)
    {
        // Bad settings end the start before anything is made or printed.
        app.Services.GetService<IStartupValidator>()?.Validate();
        app.UseRequestLogs();
        app.UseProblems();
        app.UseRouting();
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseDocuments();
        return app;
    }

    private static bool ListensSomewhere(ConfigurationManager configuration)
        => new[] { "urls", "http_ports", "https_ports" }.Any(k => !string.IsNullOrEmpty(configuration[k]))
            || configuration.GetSection("Kestrel:Endpoints").GetChildren().Any();
}
