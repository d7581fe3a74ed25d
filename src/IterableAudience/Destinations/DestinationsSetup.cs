using IterableAudience.Store;

namespace IterableAudience.Destinations;

internal static class DestinationsSetup
{
    public static IServiceCollection AddDestinations(this IServiceCollection services)
        => services.AddLiveId("{destinationId}", "/v2/destinations/{id}", db => db.Destinations
            .OrderByDescending(d => d.CreatedAt).Select(d => d.Id).FirstOrDefault());
}
