using System.Text.Json.Nodes;

namespace IterableAudience.Demo.Driving;

/// <summary>Pushing records and waiting for the end of the sync.</summary>
internal static class Pushes
{
    /// <summary>Posts a file as one incremental sync; its answer is the closed sync with its report.</summary>
    public static async Task<JsonNode> PushAsync(this JsonClient service, string connectionId, string file, CancellationToken cancellation)
    {
        var answer = await service.PostNdjsonAsync($"/v2/retl-connections/{connectionId}/syncs?syncType=incremental", file, cancellation);
        var path = $"/v2/retl-connections/{connectionId}/syncs/{(string)answer["syncId"]!}";
        while (true)
        {
            var sync = await service.GetAsync(path, cancellation);
            if ((string)sync["phase"]! == "closed")
            {
                return sync;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), cancellation);
        }
    }
}
