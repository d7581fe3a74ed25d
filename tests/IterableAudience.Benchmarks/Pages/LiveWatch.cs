using System.Diagnostics;
using System.Net.ServerSentEvents;
using IterableAudience.Demo.Driving;

namespace IterableAudience.Benchmarks.Pages;

/// <summary>What one of those saw who follow a sync while it runs.</summary>
/// <param name="Seconds">From the request to the event that says it has finished.</param>
/// <param name="Events">That one too.</param>
/// <param name="Bytes">Of the events' content.</param>
/// <param name="FinishedAt">Seconds since the first of all asked.</param>
internal sealed record LiveWatch(double Seconds, int Events, long Bytes, double FinishedAt)
{
    /// <summary>Opens the stream of a sync's progress so many times at once and reads each to its end.</summary>
    public static async Task<IReadOnlyList<LiveWatch>> FollowAsync(Visitor visitor, string path, int watchers, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        return await Task.WhenAll(Enumerable.Range(0, watchers).Select(_ => FollowAsync(visitor, path, clock, cancellation)));
    }

    private static async Task<LiveWatch> FollowAsync(Visitor visitor, string path, Stopwatch clock, CancellationToken cancellation)
    {
        var began = clock.Elapsed.TotalSeconds;
        using var answer = await visitor.OpenAsync(path, "text/event-stream", cancellation);
        await using var body = await answer.Content.ReadAsStreamAsync(cancellation);
        var (events, bytes) = (0, 0L);
        await foreach (var item in SseParser.Create(body, (_, data) => data.Length).EnumerateAsync(cancellation))
        {
            events++;
            bytes += item.Data;
            if (item.EventType == "finished")
            {
                var now = clock.Elapsed.TotalSeconds;
                return new(now - began, events, bytes, now);
            }
        }

        throw new DemoException($"{path} ended after {events} events without saying that the sync has finished.");
    }
}
