using IterableAudience.Syncs;

namespace IterableAudience.Console;

/// <summary>How fast requests go now: over the last seconds, as far as somebody has watched.</summary>
internal sealed class RecentRate(TimeProvider time)
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(2);
    private readonly Queue<(long At, long Requests)> _looks = [];

    /// <summary>Requests a second; null while too little was seen.</summary>
    public double? After(RequestCounts requests)
    {
        var (now, made) = (time.GetTimestamp(), requests.Subscribe + requests.Unsubscribe);
        while (_looks.TryPeek(out var old) && time.GetElapsedTime(old.At, now) > Window && _looks.Count > 1)
        {
            _looks.Dequeue();
        }

        var seen = _looks.TryPeek(out var first) ? time.GetElapsedTime(first.At, now) : TimeSpan.Zero;
        _looks.Enqueue((now, made));
        return seen < Shortest ? null : (made - first.Requests) / seen.TotalSeconds;
    }
}
