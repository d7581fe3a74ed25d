using IterableAudience.Connections;
using IterableAudience.Iterable;
using IterableAudience.Store;
using Microsoft.EntityFrameworkCore;

namespace IterableAudience.Accounts;

/// <summary>Finds the Iterable project behind an account or a connection, with its key decrypted. Nothing is remembered: a changed key counts at once.</summary>
internal sealed class ProjectDirectory(Func<StoreContext> open, AccountSecrets secrets)
{
    /// <summary>The project of an Iterable account.</summary>
    public IterableProject For(Account account)
    {
        var options = AccountOptions.Of(account);
        AccountOptions.TryDataCenter(options.DataCenter, out var center);
        AccountOptions.TryProjectType(options.ProjectType, out var type);
        return new(account.ProjectKey!, center, type, secrets.ApiKeyOf(account), options.RequestsPerSecond, options.MaxInFlight);
    }

    public async Task<IterableProject> ForAccountAsync(string accountId, CancellationToken cancellation)
    {
        await using var db = open();
        return For(await db.Accounts.AsNoTracking().SingleAsync(a => a.Id == accountId, cancellation));
    }

    /// <summary>The project that a connection sends to: that of its destination's account.</summary>
    public async Task<IterableProject> ForConnectionAsync(Connection connection, CancellationToken cancellation)
    {
        await using var db = open();
        return For(await db.Destinations.AsNoTracking()
            .Where(d => d.Id == connection.DestinationId)
            .Join(db.Accounts.AsNoTracking(), d => d.AccountId, a => a.Id, (_, a) => a)
            .SingleAsync(cancellation));
    }
}
