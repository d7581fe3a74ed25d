using IterableAudience.Simulator.Projects;

namespace IterableAudience.Simulator.Api;

/// <summary>The limits of one project: the one for all calls, and the documented ones of reading calls.</summary>
internal sealed class RateLimits
{
    private readonly TokenBucket _all = new();
    private readonly TokenBucket _lists = new();
    private readonly TokenBucket _users = new();
    private readonly TokenBucket _getUsers = new();
    private readonly TokenBucket _size = new();

    /// <summary>Null when the call may go on.</summary>
    public RateLimitHit? Check(CallKind kind, Behaviour behaviour, DateTimeOffset now)
    {
        if (behaviour.RequestsPerSecond > 0 && !_all.TryTake(behaviour.RequestsPerSecond, Math.Max(1, behaviour.Burst), now, out var wait))
            return new RateLimitHit(FormattableString.Invariant($"{behaviour.RequestsPerSecond:0.0###} per second"), wait);
        if (!behaviour.DocumentedReadLimits)
            return null;
        return kind switch
        {
            CallKind.ListLists when !_lists.TryTake(100, 100, now, out wait) => new RateLimitHit("100.0 per second", wait),
            CallKind.GetUserByEmail or CallKind.GetUserByUserId when !_users.TryTake(100, 100, now, out wait)
                => new RateLimitHit("100.0 per second", wait),
            CallKind.GetUsers when !_getUsers.TryTake(5 / 60.0, 5, now, out wait) => new RateLimitHit("5.0 per minute", wait),
            CallKind.ListSize when !_size.TryTake(5 / 60.0, 5, now, out wait) => new RateLimitHit("5.0 per minute", wait),
            _ => null,
        };
    }
}

internal readonly record struct RateLimitHit(string Limit, TimeSpan Wait);
