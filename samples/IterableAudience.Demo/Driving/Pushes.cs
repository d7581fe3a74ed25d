using System.Text.Json.Nodes;

namespace IterableAudience.Demo.Driving;

/// <summary>Pushing records, starting syncs, and waiting for their end.</summary>
internal static class Pushes
{
    /// <summary>Posts a file as one incremental sync; its answer is the closed sync with its report.</summary>
    public static async Task<JsonNode> PushAsync(this JsonClient service, string connectionId, string file, CancellationToken cancellation)
    {
        var answer = await service.PostNdjsonAsync($"/v2/retl-connections/{connectionId}/syncs?syncType=incremental", file, cancellation);
        return await service.EndOfAsync(connectionId, (string)answer["syncId"]!, cancellation);
    }

    /// <summary>Starts a sync of the connection's source; its answer is the closed sync with its report.</summary>
    public static async Task<JsonNode> SyncAsync(this JsonClient service, string connectionId, CancellationToken cancellation)
    {
        var answer = await service.PostAsync($"/v2/retl-connections/{connectionId}/start", new JsonObject(), cancellation);
        return await service.EndOfAsync(connectionId, (string)answer["syncId"]!, cancellation);
    }

    /// <summary>Waits until a sync is closed.</summary>
    public static async Task<JsonNode> EndOfAsync(this JsonClient service, string connectionId, string syncId, CancellationToken cancellation)
    {
        var path = $"/v2/retl-connections/{connectionId}/syncs/{syncId}";
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
