using IterableAudience.Connections;
using IterableAudience.Syncs.Plan;

namespace IterableAudience.Syncs;

/// <summary>What a plan needs of a connection's settings.</summary>
internal static class PlanSettings
{
    public static (GuardSettings Guard, bool IgnoreUnknownDeletes, bool RetryFailed) Of(Connection connection)
    {
        var settings = connection.SyncSettings().Over(SyncSettings.Default);
        var guard = settings.Guard!;
        return (new(guard.Enabled!.Value, guard.MaxRemovalPercent!.Value, guard.MinRemovals!.Value), settings.UnknownDeletes == "ignore",
            settings.FailedKeysConfig!.EnableFailedKeysRetry!.Value);
    }
}
