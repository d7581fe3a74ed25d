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
        CheckAddresses(builder.Configuration["urls"] ?? "");

        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddLogs(builder.Configuration);
        builder.Services.AddProblems().AddJson().AddTelemetry(builder.Configuration).AddDocuments().AddSingleton<LiveIds>().AddSingleton<InnerRequests>();
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
        app.Services.GetRequiredService<LiveIds>();
        app.UseRequestLogs();
        app.UseSecurityHeaders();
        app.Services.GetRequiredService<InnerRequests>().Begin(app);
        app.UseProblems();
        app.UseRouting();
        app.UseAuthentication();
        app.UseSameOrigin();
        app.UseAuthorization();
        app.UseAntiforgery();
        app.UseQueryTypes();
        app.UseDocuments();
        return app;
    }

    /// <summary>Before anything is made: the server itself would find a bad address only when all else runs, and end with a stack trace.</summary>
    private static void CheckAddresses(string urls)
    {
        foreach (var url in urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (!IsAddress(url))
                throw new StartFailure($"ASPNETCORE_URLS has an address that can't be listened on: {url}. It looks like http://127.0.0.1:8080, without a path.");
        }
    }

    private static bool IsAddress(string url)
    {
        try
        {
            var address = BindingAddress.Parse(url);
            return address.Scheme is "http" or "https" && address.PathBase.Length == 0 && address.Port is >= 0 and <= 65535;
        }
        catch (FormatException)
        {
            return false;
        }
    }

    private static bool ListensSomewhere(ConfigurationManager configuration)
        => new[] { "urls", "http_ports", "https_ports" }.Any(k => !string.IsNullOrEmpty(configuration[k]))
            || configuration.GetSection("Kestrel:Endpoints").GetChildren().Any();
}
