using System.Globalization;
using System.Text.Json.Nodes;
using IterableAudience.Demo.Driving;

namespace IterableAudience.Benchmarks.Push;

/// <summary>A request to Iterable as the service logged it.</summary>
/// <param name="At">When it started.</param>
/// <param name="Duration">Until its answer.</param>
/// <param name="Throttled">Answered with 429.</param>
internal readonly record struct LoggedRequest(DateTimeOffset At, TimeSpan Duration, bool Throttled);

/// <summary>The requests of a sync, from the service's own log.</summary>
internal static class RequestLog
{
    public static async Task<List<LoggedRequest>> RequestsAsync(this JsonClient service, string connectionId, string syncId, CancellationToken cancellation)
    {
        List<LoggedRequest> requests = [];
        for (var number = 1; ; number++)
        {
            var page = await service.GetAsync($"/v2/retl-connections/{connectionId}/syncs/{syncId}/requests?pageSize=100&page={number}", cancellation);
            requests.AddRange(page["data"]!.AsArray().Select(r => new LoggedRequest(
                DateTimeOffset.Parse((string)r!["at"]!, CultureInfo.InvariantCulture), TimeSpan.FromMilliseconds((double)r["durationMs"]!), (bool)r["throttled"]!)));
            if (page["paging"]?["next"] is null)
            {
                break;
            }
        }

        return [.. requests.OrderBy(r => r.At)];
    }
}
