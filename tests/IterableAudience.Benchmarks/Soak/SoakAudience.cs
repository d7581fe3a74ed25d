using System.Text;
using System.Text.Json.Nodes;
using IterableAudience.Demo.Driving;

namespace IterableAudience.Benchmarks.Soak;

/// <summary>A connection with what must be on its list by now: every push changes both.</summary>
internal sealed class SoakAudience(JsonClient service, Setup setup, int number, string folder)
{
    private readonly Random _random = new(number);
    private readonly Dictionary<int, int> _people = [];
    private readonly string _file = Path.Combine(folder, $"push-{number}.ndjson");
    private int _next;

    public Setup Setup => setup;

    /// <summary>The userIds that must be on the list.</summary>
    public IEnumerable<string> Expected => _people.Select(p => UserId(p.Key, p.Value));

    /// <summary>Pushes so many records (two thirds newcomers, the rest changes of identity and deletes) and waits for the end.</summary>
    /// <returns>Seconds from the first byte to the closed report.</returns>
    public async Task<double> PushAsync(int records, CancellationToken cancellation)
    {
        var keys = _people.Keys.ToArray();
        _random.Shuffle(keys);
        var old = Math.Min(records / 3, keys.Length);
        await using (var lines = new StreamWriter(_file, append: false, new UTF8Encoding(false)))
        {
            for (var i = 0; i < records; i++)
            {
                var key = i < old ? keys[i] : _next++;
                if (i < old && i % 2 == 0)
                {
                    _people.Remove(key);
                    await lines.WriteLineAsync($$"""{"action":"delete","primaryKey":"{{key}}"}""");
                    continue;
                }

                var version = _people[key] = i < old ? _people[key] + 1 : 0;
                await lines.WriteLineAsync(
                    $$$"""{"action":"insert","primaryKey":"{{{key}}}","fields":{"EMAIL":"{{{UserId(key, version)}}}@example.com","ID":"{{{UserId(key, version)}}}"}}""");
            }
        }

        var started = TimeProvider.System.GetTimestamp();
        var sync = await service.PostNdjsonAsync($"/v2/retl-connections/{setup.ConnectionId}/syncs?wait=60", _file, cancellation);
        while ((string?)sync["phase"] != "closed")
        {
            await Task.Delay(100, cancellation);
            sync = await service.GetAsync($"/v2/retl-connections/{setup.ConnectionId}/syncs/{(string?)sync["id"] ?? (string?)sync["syncId"]}", cancellation);
        }

        Check(sync, records);
        return TimeProvider.System.GetElapsedTime(started).TotalSeconds;
    }

    private static void Check(JsonNode sync, int records)
    {
        var report = sync["report"]!;
        if ((string)sync["outcome"]! != "completed" || (int)report["received"]!["total"]! != records)
        {
            throw new DemoException($"A sync of {records} records ended as {sync.ToJsonString()}");
        }
    }

    private string UserId(int key, int version) => $"s{number}-{key}-{version}";
}
