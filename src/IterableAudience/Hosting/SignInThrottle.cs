using System.Collections.Concurrent;
using Microsoft.Extensions.Options;

namespace IterableAudience.Hosting;

/// <summary>
/// Slows down guessing: an address that failed too often within a minute is refused until the minute is over, without looking at what it sends.
/// A token that this address has used with success goes on working, so that somebody who guesses from behind the same proxy
/// can't lock out the scheduler there.
/// </summary>
internal sealed class SignInThrottle(TimeProvider time, IOptions<SecurityOptions> options)
{
    private const int Remembered = 10_000;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);
    private readonly ConcurrentDictionary<string, Failures> _failures = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Address, string Hash), byte> _accepted = new();

    /// <summary>How long this sign-in has to wait; null when it may be looked at now.</summary>
    public TimeSpan? Wait(string address, string hash)
    {
        if (!_failures.TryGetValue(address, out var failures) || failures.Count < options.Value.FailedSignInsPerMinute)
            return null;
        var wait = failures.Since + Window - time.GetUtcNow();
        return wait <= TimeSpan.Zero || _accepted.ContainsKey((address, hash)) ? null : wait;
    }

    public void Failed(string address)
    {
        Forget();
        var now = time.GetUtcNow();
        _failures.AddOrUpdate(
            address,
            _ => new(1, now),
            (_, f) => now - f.Since >= Window ? new(1, now) : f with { Count = f.Count + 1 });
    }

    public void Accepted(string address, string hash)
    {
        if (_accepted.Count >= Remembered)
            _accepted.Clear();
        _accepted.TryAdd((address, hash), 0);
    }

    /// <summary>Keeps memory bounded however many addresses come by.</summary>
    private void Forget()
    {
        if (_failures.Count < Remembered)
            return;
        var now = time.GetUtcNow();
        foreach (var (address, failures) in _failures)
        {
            if (now - failures.Since >= Window)
                _failures.TryRemove(address, out _);
        }
    }

    private sealed record Failures(int Count, DateTimeOffset Since);
}
