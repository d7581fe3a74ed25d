using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace IterableAudience.Hosting;

/// <summary><c>Authorization: Bearer &lt;token&gt;</c> → the token's role. 401, 403 and 429 are problems like every other error.</summary>
internal sealed class TokenAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options,
    ILoggerFactory logger,
    UrlEncoder encoder,
    TokenDirectory tokens,
    SignInThrottle throttle)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string SchemeName = "Bearer";
    private const string Prefix = "Bearer ";
    private const int LongestToken = 1000;
    private TimeSpan? _wait;

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var header = Request.Headers.Authorization.ToString();
        if (!header.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) || header.Length > LongestToken)
            return AuthenticateResult.NoResult();

        var hash = TokenHash.Of(header[Prefix.Length..].Trim());
        var address = Context.Connection.RemoteIpAddress?.ToString() ?? "";
        _wait = throttle.Wait(address, hash);
        if (_wait is not null)
            return AuthenticateResult.NoResult();

        if (await tokens.FindAsync(hash, Context.RequestAborted) is not { } token)
        {
            throttle.Failed(address);
            return AuthenticateResult.Fail("Unknown token");
        }

        throttle.Accepted(address, hash);
        return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(token.Identity(SchemeName)), SchemeName));
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        if (_wait is { } wait)
        {
            return ProblemAnswer
                .Of(StatusCodes.Status429TooManyRequests, "Too many sign-ins from this address have failed. Wait, then send a valid token.")
                .RetryAfter(wait)
                .ExecuteAsync(Context);
        }

        Response.Headers.WWWAuthenticate = SchemeName;
        return ProblemAnswer.Of(StatusCodes.Status401Unauthorized, Problems.Explain(StatusCodes.Status401Unauthorized)).ExecuteAsync(Context);
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties)
        => ProblemAnswer
            .Of(StatusCodes.Status403Forbidden, $"This token's role, {Context.User.FindFirstValue(ClaimTypes.Role)}, is too small for this request.")
            .ExecuteAsync(Context);
}
