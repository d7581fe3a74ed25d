using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace IterableAudience.Store;

/// <summary>Ready means: the store answers, has the schema of this version, and takes writes.</summary>
internal sealed class StoreCheck(Func<StoreContext> open, LeanStore store) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await using var db = open();
            await db.Settings.AsNoTracking().AnyAsync(cancellationToken);
            if (store.Trouble is not null)
            {
                // The last write failed; one that writes as much as a page says whether the next one would.
                await store.WriteAsync(
                    c =>
                    {
                        c.Run(
                            "INSERT INTO setting (\"Name\", \"Value\") VALUES ('write-check', @v) ON CONFLICT (\"Name\") DO UPDATE SET \"Value\" = excluded.\"Value\"",
                            ("@v", new string('x', 8192)));
                        c.Run("DELETE FROM setting WHERE \"Name\" = 'write-check'");
                    },
                    durable: true,
                    cancellationToken);
            }

            return (await db.Database.GetPendingMigrationsAsync(cancellationToken)).Any()
                ? HealthCheckResult.Unhealthy("The store has the schema of an older version.")
                : HealthCheckResult.Healthy("reachable, migrations applied");
        }
        catch (DbException e)
        {
            return HealthCheckResult.Unhealthy($"The store can't be used: {StoreErrors.Explain(e)}");
        }
    }
}
