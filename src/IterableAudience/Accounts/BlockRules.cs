namespace IterableAudience.Accounts;

/// <summary>
/// How long a block of starts is, and how far apart blocks are. In microseconds; a distance is 1/rate, rounded up. Pure; the statements have the same
/// rules (<see cref="StoreBudgetSql"/>), in whole numbers, so that both come to the same.
/// </summary>
internal static class BlockRules
{
    /// <summary>A block of more than one start is no longer: another node's 429 is learned with the next one only, and another node's small sync waits for its end.</summary>
    public const long Longest = 250_000;

    /// <summary>For each start but the first a block is longer than the distance by this part of it: in that time late starts are made good.</summary>
    public const long SlackPart = 40;

    /// <summary>Blocks are further apart than the distance by this part of it.</summary>
    public const long MarginPart = 25;

    /// <summary>And by so much at least: above 30 starts a second a part would be too short.</summary>
    public const long LeastMargin = 1334;

    /// <summary>How many starts a block has when so many are wanted.</summary>
    public static int Count(long distance, int wanted) => (int)Math.Min(wanted, Math.Max(1, Longest / distance));

    /// <summary>From the first start of a block to its end.</summary>
    public static long Length(long distance, int count) => (count - 1) * (distance + (distance / SlackPart));

    /// <summary>How much further apart than the distance the end of a block and the first start of the next one are at least.</summary>
    public static long Margin(long distance) => Math.Max(LeastMargin, distance / MarginPart);

    /// <summary>How much later than the end the last start of a block may come: three quarters of the margin.</summary>
    public static long Lateness(long distance) => Margin(distance) * 3 / 4;
}
