using System.Globalization;
using IterableAudience.Iterable;

namespace IterableAudience.Accounts;

/// <summary>
/// The statements of <see cref="StoreBudget"/>, for PostgreSQL. Times are microseconds of the database's clock. The rules are those of
/// <see cref="RateRules"/>. What depends on the row is computed after the row is locked, the time included.
/// </summary>
internal static class StoreBudgetSql
{
    private const string Now = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint";

    /// <summary>A crash of the server may lose the last half second of budgets; nothing waits for the disk.</summary>
    private const string NotForced = "set_config('synchronous_commit', 'off', true) = 'off'";

    /// <summary>What time it is.</summary>
    public static readonly string Time = $"SELECT {Now}";

    /// <summary>The rate, raised by the quiet time since the last pause.</summary>
    private static readonly string Raised = string.Create(
        CultureInfo.InvariantCulture,
        $"least({RateRules.Unlimited:R}, b.rate * exp({RateRules.Growth:R} * least(greatest(now - b.paused_until, 0) / 1e6, {RateRules.LongestQuiet:R})))");

    /// <summary>From the first start of a block to its end, <see cref="BlockRules.Length"/>.</summary>
    private const string Length = "(least(@count, greatest(1, @longest / gap)) - 1) * (gap + gap / @slack)";

    /// <summary>
    /// Takes the next free time for a block of starts, and as much behind it as the node may come late; <c>last_at</c> is the end of that. While the
    /// project is paused nothing is taken. What a node didn't use of its last block it gives back here, if nobody has a later one: the time is free
    /// again from its last start on, but not before two milliseconds from now, since the answer takes a while. A row that was asked for later than now
    /// is one of a clock that was put back: its end is forgotten, and a pause is moved with the clock. So is an end far ahead of now.
    /// </summary>
    public static readonly string Reserve = $"""
        INSERT INTO rate_budget AS b (project, asked_at, last_at, spacing, rate, paused_until, strikes, generation)
        SELECT @project, now, now + {Length} + @late, gap, {RateRules.Unlimited:F0}, 0, 0, 0
        FROM (SELECT {Now} AS now, ceil(1e6 / @rps)::bigint AS gap OFFSET 0) c WHERE {NotForced}
        ON CONFLICT (project) DO UPDATE SET (asked_at, spacing, last_at, strikes, paused_until) = (
            SELECT now, CASE WHEN paused > now THEN greatest(gap, b.spacing) ELSE gap END,
                   CASE WHEN paused > now THEN b.last_at
                        ELSE {Length} + @late + CASE
                            WHEN put_back > 0 THEN now
                            WHEN b.last_at = @unused THEN greatest(@used + apart, now + 2000)
                            WHEN b.last_at + apart > now AND b.last_at < now + 1000 * greatest(gap, b.spacing) + 10 * 1000000 THEN b.last_at + apart
                            ELSE now END END,
                   CASE WHEN b.generation = @answered THEN 0 ELSE b.strikes END,
                   paused
            FROM (SELECT now, gap, put_back, b.paused_until - put_back AS paused, gap + greatest(greatest(gap, b.spacing) / @margin, @least_margin) AS apart
                  FROM (SELECT now, ceil(1e6 / least(@rps, {Raised}))::bigint AS gap, CASE WHEN b.asked_at > now + 1000000 THEN b.asked_at - now ELSE 0 END AS put_back
                        FROM (SELECT {Now} AS now OFFSET 0) n OFFSET 0) g OFFSET 0) c)
        RETURNING asked_at, last_at, spacing, paused_until, strikes, generation
        """;

    /// <summary>Notes a 429: lowers the rate once for all requests that were on the wire together, and pauses the project.</summary>
    public static readonly string Throttle = string.Create(
        CultureInfo.InvariantCulture,
        $"""
        UPDATE rate_budget b SET (asked_at, rate, paused_until, strikes, generation) = (
            SELECT now,
                   CASE WHEN hit = 0 THEN raised
                        ELSE greatest(@rps * {RateRules.Floor:R}, least(raised, @rps) * CASE WHEN now - b.paused_until < {RateRules.SettledAfter:R} * 1e6 THEN {RateRules.Cut:R} ELSE {RateRules.Nudge:R} END) END,
                   greatest(b.paused_until, now + (1e6 * CASE WHEN @after >= 0 THEN @after
                        ELSE least(@base * power(2, least(greatest(row_strikes - 1, 0), 30)), 60) * (0.75 + @jitter / 2) END)::bigint),
                   row_strikes, b.generation + hit
            FROM (SELECT now, hit, {Raised} AS raised, CASE WHEN b.generation = @answered THEN 0 ELSE b.strikes END + hit AS row_strikes
                  FROM (SELECT {Now} AS now, CASE WHEN b.generation = @generation THEN 1 ELSE 0 END AS hit OFFSET 0) n OFFSET 0) c)
        WHERE project = @project AND {NotForced}
        RETURNING paused_until - asked_at, rate, generation, strikes
        """);
}
