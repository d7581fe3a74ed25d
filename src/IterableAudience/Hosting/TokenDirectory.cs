using System.Security.Claims;
using Microsoft.EntityFrameworkCore;

namespace IterableAudience.Hosting;

/// <summary>Finds who comes with a token.</summary>
/// <remarks>Takes the plain <see cref="DbContext"/>: hosting knows nothing of the store but that its own table is in it.</remarks>
internal sealed class TokenDirectory(DbContext db, BootstrapToken bootstrap)
{
    /// <summary>The index finds by hash; the comparison that decides takes the same time whatever was sent.</summary>
    public async Task<KnownToken?> FindAsync(string hash, CancellationToken cancellation)
    {
        if (bootstrap.Matches(hash))
        {
            return new(BootstrapToken.Id, "bootstrap", Roles.Admin);
        }

        var token = await db.Set<ApiToken>().AsNoTracking().SingleOrDefaultAsync(t => t.Hash == hash, cancellation);
        return token is not null && TokenHash.Same(token.Hash, hash) ? new(token.Id, token.Name, token.Role) : null;
    }
}

/// <summary>A token that exists, without its value.</summary>
internal sealed record KnownToken(string Id, string Name, string Role)
{
    /// <summary>The identity of a request that came with the token, as a scheme says it.</summary>
    public ClaimsIdentity Identity(string scheme, params Claim[] more)
        => new([new(ClaimTypes.NameIdentifier, Id), new(ClaimTypes.Name, Name), new(ClaimTypes.Role, Role), .. more], scheme);
}
