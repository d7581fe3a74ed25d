using IterableAudience.Store;

namespace IterableAudience.Sources;

internal static class SourcesSetup
{
    public static IServiceCollection AddRetlSources(this IServiceCollection services)
        => services
            .AddLiveId("{previewId}", "/v2/retl-sources/preview/{id}", db => db.Previews.OrderByDescending(p => p.CreatedAt).Select(p => p.Id).FirstOrDefault())
            .AddLiveId("{sourceId}", "/v2/retl-sources/{id}", db => db.Sources.OrderByDescending(s => s.CreatedAt).Select(s => s.Id).FirstOrDefault());
}
