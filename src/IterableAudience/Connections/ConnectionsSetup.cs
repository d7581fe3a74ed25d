using System.Globalization;
using IterableAudience.Store;

namespace IterableAudience.Connections;

internal static class ConnectionsSetup
{
    public static IServiceCollection AddRetlConnections(this IServiceCollection services)
        => services
            .AddSingleton<ConnectionSignal>()
            .AddScoped<ConnectionMaker>()
            .AddScoped<ConnectionViews>()
            .AddSingleton<ConnectionRequest.Changes>()
            .AddLiveId("{connectionId}", "/v2/retl-connections/{id}", db => db.Connections
                .Where(c => !c.Deleted).OrderByDescending(c => c.No).Select(c => c.Id).FirstOrDefault())
            .AddLiveId("{audienceId}", null, db => db.Connections
                .Where(c => !c.Deleted).OrderByDescending(c => c.No).Select(c => (long?)c.AudienceId).FirstOrDefault()?.ToString(CultureInfo.InvariantCulture));
}
