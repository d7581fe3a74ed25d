namespace IterableAudience.Simulator.Api;

/// <summary>A rate limit: so many requests a second, and so many at once. The rate may change between two calls.</summary>
internal sealed class TokenBucket
{
    private readonly Lock _gate = new();
    private double _tokens = double.NaN;
    private DateTimeOffset _filledAt;

    /// <summary>False when the request comes too early; <paramref name="wait"/> is then the time until one would be let through.</summary>
    public bool TryTake(double perSecond, int burst, DateTimeOffset now, out TimeSpan wait)
    {
        lock (_gate)
        {
            _tokens = double.IsNaN(_tokens) ? burst : Math.Min(burst, _tokens + ((now - _filledAt).TotalSeconds * perSecond));
            _filledAt = now;
            wait = TimeSpan.Zero;
            // A token that is all but there counts: the clock ticks in whole steps.
            if (_tokens >= 1 - 1e-6)
            {
                _tokens -= 1;
                return true;
            }

            wait = TimeSpan.FromSeconds((1 - _tokens) / perSecond);
            return false;
        }
    }
}
