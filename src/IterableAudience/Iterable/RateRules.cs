namespace IterableAudience.Iterable;

/// <summary>
/// How the rate of a project follows what Iterable allows: a 429 lowers it by a share, quiet time raises it again by a share, up to the budget.
/// Both are shares, so that it behaves alike at one request a second and at a hundred. Pure; the store's budget has the same rules in SQL.
/// </summary>
internal static class RateRules
{
    /// <summary>A rate that nothing has lowered. Finite, so that it can be stored and multiplied.</summary>
    public const double Unlimited = 1e9;

    /// <summary>What a 429 leaves of the rate after quiet time: we have come a little too high, and are near what is allowed.</summary>
    public const double Nudge = 0.85;

    /// <summary>What a 429 leaves of it soon after the last one: we are far too high.</summary>
    public const double Cut = 0.7;

    /// <summary>Seconds without a 429, counted from the end of the last pause, after which the next one is only a nudge.</summary>
    public const double SettledAfter = 10;

    /// <summary>By which share a quiet second raises the rate: a nudge takes 16 s, so on a project that allows less than the budget one request in 16·rate meets a 429.</summary>
    public const double Growth = 0.01;

    /// <summary>Seconds of quiet that count at most: by then (e¹⁰) any rate is back at its budget.</summary>
    public const double LongestQuiet = 1000;

    /// <summary>The share of the budget that is never taken away. Pauses do the rest; without it a long storm would leave a rate that takes hours to come back.</summary>
    public const double Floor = 0.02;

    /// <summary>The rate after so many quiet seconds.</summary>
    public static double Raised(double rate, double quiet) => Math.Min(Unlimited, rate * Math.Exp(Growth * Math.Clamp(quiet, 0, LongestQuiet)));

    /// <summary>The rate after a 429.</summary>
    /// <param name="rate">Up to now, raised by quiet time.</param>
    /// <param name="budget">Requests per second that the account allows itself.</param>
    /// <param name="quiet">Seconds since the last pause ended.</param>
    public static double Lowered(double rate, double budget, double quiet)
        => Math.Max(budget * Floor, Math.Min(rate, budget) * (quiet < SettledAfter ? Cut : Nudge));
}
