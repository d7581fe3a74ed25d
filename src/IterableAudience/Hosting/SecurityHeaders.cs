namespace IterableAudience.Hosting;

/// <summary>What a browser may do with an answer: nothing from elsewhere, nothing inline, no frame around it.</summary>
internal static class SecurityHeaders
{
    private const string Strict =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    /// <summary>Swagger UI has inline script and style.</summary>
    private const string OfSwagger =
        "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'";

    public static void UseSecurityHeaders(this WebApplication app)
        => app.Use(next => context =>
        {
            // As late as can be: an error answer begins with empty headers.
            context.Response.OnStarting(
                static state =>
                {
                    var (request, headers) = (((HttpContext)state).Request, ((HttpContext)state).Response.Headers);
                    headers.Location = WithoutOrigin(headers.Location.ToString(), request);
                    headers.ContentSecurityPolicy = request.Path.StartsWithSegments("/swagger") ? OfSwagger : Strict;
                    headers.XContentTypeOptions = "nosniff";
                    headers["Referrer-Policy"] = "same-origin";
                    headers["Cross-Origin-Opener-Policy"] = "same-origin";
                    return Task.CompletedTask;
                },
                context);
            return next(context);
        });

    /// <summary>A redirect to ourselves names no scheme and no host: behind a proxy the service doesn't know what it is called, and a form may only lead to its own origin.</summary>
    private static string? WithoutOrigin(string location, HttpRequest request)
    {
        var origin = $"{request.Scheme}://{request.Host}/";
        return location.Length == 0 ? null : !location.StartsWith(origin, StringComparison.OrdinalIgnoreCase) ? location
            : "/" + location[origin.Length..].TrimStart('/', '\\'); // two of them would name another host
    }
}
