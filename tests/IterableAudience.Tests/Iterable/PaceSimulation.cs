using IterableAudience.Iterable;
using Microsoft.Extensions.Time.Testing;

namespace IterableAudience.Tests.Iterable;

/// <summary>What an Iterable really allows, asked with the time of a request's arrival in seconds: null when it is let through, else its 429.</summary>
internal delegate Refusal? Limiter(double at);

/// <summary>A 429, with <c>Retry-After</c> or without.</summary>
internal sealed record Refusal(TimeSpan? RetryAfter);

/// <summary>Limiters as services have them.</summary>
internal static class Limiters
{
    /// <summary>So many in each window of whole seconds.</summary>
    public static Limiter Window(double perSecond, double seconds, bool saysWhen)
    {
        var (window, used) = (-1d, 0);
        return at =>
        {
            var current = Math.Floor(at / seconds);
            (window, used) = current == window ? (window, used) : (current, 0);
            if (used < (int)Math.Round(perSecond * seconds))
            {
                used++;
                return null;
            }

            return new(saysWhen ? TimeSpan.FromSeconds(Math.Ceiling(((window + 1) * seconds) - at)) : null);
        };
    }

    /// <summary>A bucket that fills with so many tokens a second.</summary>
    public static Limiter Bucket(double perSecond, double burst, bool saysWhen)
    {
        var (tokens, filled) = (burst, 0d);
        return at =>
        {
            (tokens, filled) = (Math.Min(burst, tokens + ((at - filled) * perSecond)), at);
            if (tokens >= 1 - 1e-6)
            {
                tokens--;
                return null;
            }

            return new(saysWhen ? TimeSpan.FromSeconds(Math.Ceiling((1 - tokens) / perSecond)) : null);
        };
    }
}

/// <summary>A pacer at work on a clock that is turned a millisecond at a time: callers that always have something to send, and answers that take their time.</summary>
internal sealed class PaceSimulation : IDisposable
{
    private readonly FakeTimeProvider time = new();
    private readonly long begin;
    private readonly List<(double At, string Queue, Task<ProjectPacer.Permit> Entering)> waiting = [];
    private readonly List<(double Until, string Queue, ProjectPacer.Permit Permit, Refusal? Refusal)> onTheWire = [];

    public PaceSimulation()
    {
        begin = time.GetTimestamp();
        Pacer = new ProjectPacer(time);
    }

    public ProjectPacer Pacer { get; }

    public Limiter Limiter { get; init; } = _ => null;

    public double Latency { get; init; } = 0.1;

    public double Jitter { get; set; } = 0.5;

    /// <summary>Seconds since the beginning.</summary>
    public double Now => time.GetElapsedTime(begin).TotalSeconds;

    /// <summary>Every start, with when it was and whether it got a 429.</summary>
    public List<(double At, string Queue, bool Throttled)> Starts { get; } = [];

    public void Ask(string queue, PaceLimits limits)
        => waiting.Add((Now, queue, Pacer.EnterAsync(limits, queue, TimeSpan.FromHours(1), CancellationToken.None)));

    /// <summary>Lets the time go on; a caller whose request is answered asks again at once.</summary>
    public void Run(double seconds, PaceLimits limits, bool askAgain = true)
    {
        Settle(limits, askAgain);
        for (var end = Now + seconds; Now < end;)
        {
            time.Advance(TimeSpan.FromMilliseconds(1));
            Settle(limits, askAgain);
        }
    }

    /// <summary>The share of the starts within a time that were throttled.</summary>
    public double Throttled(double from, double to) => Within(from, to).Average(s => s.Throttled ? 1d : 0);

    /// <summary>Requests per second that were let through within a time.</summary>
    public double Served(double from, double to) => Within(from, to).Count(s => !s.Throttled) / (to - from);

    /// <summary>Whether any window of time has more starts than a rate allows; says which.</summary>
    public static string? Excess(IReadOnlyList<double> starts, double rate)
    {
        // Counted from each start to each later one: t seconds hold at most rate·t + 1.
        for (var from = 0; from < starts.Count; from++)
        {
            for (var to = from + 1; to < starts.Count; to++)
            {
                if (to - from + 1 > (rate * (starts[to] - starts[from])) + 1 + 1e-6)
                {
                    return $"{to - from + 1} starts in {starts[to] - starts[from]} s at {rate}/s";
                }
            }
        }

        return null;
    }

    public void Dispose() => Pacer.Dispose();

    private IEnumerable<(double At, string Queue, bool Throttled)> Within(double from, double to) => Starts.Where(s => s.At >= from && s.At < to);

    private void Settle(PaceLimits limits, bool askAgain)
    {
        for (var progress = true; progress;)
        {
            progress = false;
            foreach (var entered in waiting.Where(w => w.Entering.IsCompleted).ToList())
            {
                waiting.Remove(entered);
                var permit = entered.Entering.GetAwaiter().GetResult();
                var refusal = Limiter(Now);
                Starts.Add((time.GetElapsedTime(begin, permit.StartedAt).TotalSeconds, entered.Queue, refusal is not null));
                onTheWire.Add((Now + Latency, entered.Queue, permit, refusal));
            }

            foreach (var answered in onTheWire.Where(w => w.Until <= Now + 1e-9).ToList())
            {
                progress = true;
                onTheWire.Remove(answered);
                if (answered.Refusal is { } refusal)
                {
                    Pacer.ThrottledAsync(answered.Permit, refusal.RetryAfter, TimeSpan.FromSeconds(1), Jitter).AsTask().GetAwaiter().GetResult();
                }
                else
                {
                    Pacer.Answered(answered.Permit);
                }

                answered.Permit.Dispose();
                if (askAgain)
                {
                    Ask(answered.Queue, limits);
                }
            }
        }
    }
}
