using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace IterableAudience.Store;

/// <summary>Ready means: the store answers and has the schema of this version.</summary>
internal sealed class StoreCheck(Func<StoreContext> open) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await using var db = open();
            await db.Settings.AsNoTracking().AnyAsync(cancellationToken);
            return (await db.Database.GetPendingMigrationsAsync(cancellationToken)).Any()
                ? HealthCheckResult.Unhealthy("The store has the schema of an older version.")
                : HealthCheckResult.Healthy("reachable, migrations applied");
        }
        catch (SqliteException)
        {
            return HealthCheckResult.Unhealthy("The store doesn't answer.");
        }
    }
}
