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
                    var headers = ((HttpContext)state).Response.Headers;
                    headers.ContentSecurityPolicy = ((HttpContext)state).Request.Path.StartsWithSegments("/swagger") ? OfSwagger : Strict;
                    headers.XContentTypeOptions = "nosniff";
                    headers["Referrer-Policy"] = "same-origin";
                    headers["Cross-Origin-Opener-Policy"] = "same-origin";
                    return Task.CompletedTask;
                },
                context);
            return next(context);
        });
}
