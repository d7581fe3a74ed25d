namespace IterableAudience.Hosting;

/// <summary>
/// Another site must not use a person's session: a request to the API that changes something and comes with the session cookie is refused when the
/// browser says that another origin has sent it. The console's forms have tokens of their own against that. Programs send bearer tokens, which no other site has.
/// </summary>
internal static class SameOrigin
{
    public static void UseSameOrigin(this WebApplication app)
        => app.Use(next => context => IsForeign(context)
            ? ProblemAnswer.Of(StatusCodes.Status403Forbidden, "This request was sent by another site. Use the console itself, or a bearer token.").ExecuteAsync(context)
            : next(context));

    private static bool IsForeign(HttpContext context)
    {
        var request = context.Request;
        if (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || context.User.Identity?.AuthenticationType != Session.SchemeName)
        {
            return false;
        }

        return request.Headers["Sec-Fetch-Site"].ToString() is { Length: > 0 } site
            ? site is not ("same-origin" or "none")
            : request.Headers.Origin.ToString() is { Length: > 0 } origin && !string.Equals(origin, $"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase);
    }
}
