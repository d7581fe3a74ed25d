using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.Extensions.Options;

namespace IterableAudience.Hosting;

/// <summary>
/// A person's session in the console: a cookie that a token was given for. It says which token that was, by its hash; with every request the token is
/// looked up again, so that a session ends with its token.
/// </summary>
internal static class Session
{
    public const string SchemeName = "Session";
    public const string SignInPath = "/sign-in";
    public const string CookieName = "iterable-audience";
    private const string TokenClaim = "token";

    public static AuthenticationBuilder AddSession(this AuthenticationBuilder authentication)
    {
        authentication.AddCookie(SchemeName, o =>
        {
            o.Cookie.Name = CookieName;
            o.Cookie.HttpOnly = true;
            o.Cookie.SameSite = SameSiteMode.Lax; // a link in a chat or an alert leads to the page; what changes something is guarded by itself
            o.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
            o.SlidingExpiration = true;
            o.Events.OnValidatePrincipal = ValidateAsync;
            o.Events.OnRedirectToLogin = context => Addresses.WantsPage(context.Request)
                ? Redirect(context, SignInPath + QueryString.Create([new("returnUrl", context.Request.Path + context.Request.QueryString), .. Ended(context.Request)]))
                : context.HttpContext.ChallengeAsync(TokenAuthentication.SchemeName); // a script, or a program: it can't sign in
            o.Events.OnRedirectToAccessDenied = context => context.HttpContext.ForbidAsync(TokenAuthentication.SchemeName);
        });
        authentication.Services.AddOptions<CookieAuthenticationOptions>(SchemeName)
            .Configure<IOptions<SecurityOptions>>((cookie, options) => cookie.ExpireTimeSpan = options.Value.SessionLifetime);
        return authentication;
    }

    /// <summary>Begins a session for whoever shows a valid token.</summary>
    /// <returns>Why there is none: the fault for the person to read; null when the session has begun.</returns>
    public static async Task<string?> BeginAsync(HttpContext context, string? token, CancellationToken cancellation)
    {
        var throttle = context.RequestServices.GetRequiredService<SignInThrottle>();
        var hash = TokenHash.Of(token?.Trim() ?? "");
        var address = context.Connection.RemoteIpAddress?.ToString() ?? "";
        if (throttle.Wait(address, hash) is { } wait)
        {
            context.Response.StatusCode = StatusCodes.Status429TooManyRequests;
            context.Response.Headers.RetryAfter = FormattableString.Invariant($"{Math.Ceiling(wait.TotalSeconds):0}");
            return $"Too many sign-ins from this address have failed. Wait {Math.Ceiling(wait.TotalSeconds):0} seconds, then try again.";
        }

        if (await context.RequestServices.GetRequiredService<TokenDirectory>().FindAsync(hash, cancellation) is not { } known)
        {
            throttle.Failed(address);
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return "This is no token of this service, or it has been revoked.";
        }

        throttle.Accepted(address, hash);
        await context.SignInAsync(SchemeName, new(known.Identity(SchemeName, new Claim(TokenClaim, hash))));
        return null;
    }

    /// <summary>Whether the session of a request that goes on for long still holds.</summary>
    public static async Task<bool> HoldsAsync(HttpContext context)
    {
        if (context.User.FindFirstValue(TokenClaim) is not { } hash)
        {
            return true; // a program's
        }

        await using var scope = context.RequestServices.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<TokenDirectory>().FindAsync(hash, context.RequestAborted) is not null;
    }

    public static Task EndAsync(HttpContext context) => context.SignOutAsync(SchemeName);

    private static async Task ValidateAsync(CookieValidatePrincipalContext context)
    {
        var hash = context.Principal?.FindFirstValue(TokenClaim) ?? "";
        var known = await context.HttpContext.RequestServices.GetRequiredService<TokenDirectory>().FindAsync(hash, context.HttpContext.RequestAborted);
        if (known is null)
        {
            context.RejectPrincipal();
            if (Addresses.WantsPage(context.HttpContext.Request))
            {
                await EndAsync(context.HttpContext); // not before a page has said so
            }

            return;
        }

        context.ReplacePrincipal(new(known.Identity(SchemeName, new Claim(TokenClaim, hash)))); // with the role that the token has now
    }

    /// <summary>Somebody had a session: the sign-in says that it has ended, and whether a form was lost with it.</summary>
    private static IEnumerable<KeyValuePair<string, string?>> Ended(HttpRequest request)
        => request.Cookies.ContainsKey(CookieName) ? [new("ended", HttpMethods.IsPost(request.Method) ? "form" : "page")] : [];

    private static Task Redirect(RedirectContext<CookieAuthenticationOptions> context, string to)
    {
        context.Response.Redirect(to);
        return Task.CompletedTask;
    }
}
