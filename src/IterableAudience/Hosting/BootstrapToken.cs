using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace IterableAudience.Hosting;

/// <summary>The first admin token: from <c>Security__AdminToken</c> (never stored), or made at start when there is no other way in.</summary>
internal sealed partial class BootstrapToken(IOptions<SecurityOptions> options, IServiceScopeFactory scopes, TimeProvider time, ILogger<BootstrapToken> logger)
{
    public const string Id = "bootstrap";
    private const int Short = 16;
    private readonly string? _hash = string.IsNullOrWhiteSpace(options.Value.AdminToken) ? null : TokenHash.Of(options.Value.AdminToken.Trim());

    public bool Matches(string hash) => _hash is not null && TokenHash.Same(_hash, hash);

    /// <summary>Makes, stores (as a hash) and prints an admin token when none is set and none is stored.</summary>
    public async Task EnsureAsync(CancellationToken cancellation)
    {
        if (_hash is not null)
        {
            if (options.Value.AdminToken!.Trim().Length < Short)
                Log.ShortToken(logger, Short);
            return;
        }

        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<DbContext>();
        if (await db.Set<ApiToken>().AnyAsync(t => t.Role == Roles.Admin, cancellation))
            return;

        var token = TokenHash.NewToken();
        db.Add(new ApiToken { Id = ShortId.New(), Name = "bootstrap", Role = Roles.Admin, Hash = TokenHash.Of(token), CreatedAt = time.GetUtcNow() });
        await db.SaveChangesAsync(cancellation);
        // Not through the logger: logs are kept and shipped, and this is a secret.
        await System.Console.Out.WriteLineAsync($"Admin token (shown once): {token}");
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1002, Level = LogLevel.Warning, Message = "Security__AdminToken is shorter than {Length} characters and may be guessed; set a longer one")]
        public static partial void ShortToken(ILogger logger, int length);
    }
}
