using System.Globalization;
using CsCheck;
using Xunit;
using Cron = IterableAudience.Schedules.CronExpression;

namespace IterableAudience.Tests.Schedules;

public sealed class CronExpressionTests
{
    [Theory]
    [InlineData("*/5 * * * *", "2026-03-01T00:00:00Z", "2026-03-01T00:05:00Z")]
    [InlineData("0 6 * * *", "2026-03-01T06:00:00Z", "2026-03-02T06:00:00Z")]
    [InlineData("0,15 1-5 * * *", "2026-03-01T05:15:00Z", "2026-03-02T01:00:00Z")]
    [InlineData("0-30/10 * * * *", "2026-03-01T00:30:00Z", "2026-03-01T01:00:00Z")]
    [InlineData("15/20 * * * *", "2026-03-01T00:15:00Z", "2026-03-01T00:35:00Z")]
    [InlineData("0 0 1 JAN *", "2026-03-01T00:00:00Z", "2027-01-01T00:00:00Z")]
    [InlineData("0 0 * * mon-Fri", "2026-03-06T00:00:00Z", "2026-03-09T00:00:00Z")]
    [InlineData("0 0 * * 7", "2026-03-02T00:00:00Z", "2026-03-08T00:00:00Z")]
    [InlineData("0 0 * * 5-7", "2026-03-07T00:00:00Z", "2026-03-08T00:00:00Z")]
    [InlineData("0 0 29 2 *", "2026-03-01T00:00:00Z", "2028-02-29T00:00:00Z")]
    // 2100 is no leap year.
    [InlineData("0 0 29 2 *", "2096-03-01T00:00:00Z", "2104-02-29T00:00:00Z")]
    [InlineData("@hourly", "2026-03-01T00:00:00Z", "2026-03-01T01:00:00Z")]
    [InlineData("@midnight", "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z")]
    [InlineData("@DAILY", "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z")]
    [InlineData("@weekly", "2026-03-01T00:00:00Z", "2026-03-08T00:00:00Z")]
    [InlineData("@monthly", "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z")]
    [InlineData("@yearly", "2026-03-01T00:00:00Z", "2027-01-01T00:00:00Z")]
    [InlineData("@annually", "2026-03-01T00:00:00Z", "2027-01-01T00:00:00Z")]
    public void It_occurs_next(string expression, string after, string next)
    {
        Assert.Null(Cron.Fault(expression));
        Assert.Equal(At(next), Cron.Parse(expression).NextAfter(At(after)));
    }

    [Theory]
    // Both restricted: the 13th or a Friday. 2026-03-13 is a Friday.
    [InlineData("0 0 13 * 5", "2026-03-07T00:00:00Z", "2026-03-13T00:00:00Z")]
    [InlineData("0 0 13 * 5", "2026-03-13T00:00:00Z", "2026-03-20T00:00:00Z")]
    [InlineData("0 0 15 * 5", "2026-03-13T00:00:00Z", "2026-03-15T00:00:00Z")]
    // A wildcard with a step is still a wildcard: both must match.
    [InlineData("0 0 */2 * 5", "2026-03-13T00:00:00Z", "2026-03-27T00:00:00Z")]
    [InlineData("0 0 31 2 5", "2026-02-01T00:00:00Z", "2026-02-06T00:00:00Z")]
    public void With_both_days_restricted_either_matches(string expression, string after, string next)
        => Assert.Equal(At(next), Cron.Parse(expression).NextAfter(At(after)));

    [Theory]
    [InlineData(null, "required")]
    [InlineData("  ", "required")]
    [InlineData("* * * *", "five fields")]
    [InlineData("0 0 0 * * *", "five fields")]
    [InlineData("0 0 0 * * * 2026", "five fields")]
    [InlineData("@every 1h", "only the macros")]
    [InlineData("@reboot", "only the macros")]
    [InlineData("@fortnightly", "only the macros")]
    [InlineData("@daily now", "only the macros")]
    [InlineData("TZ=UTC 0 0 * * *", "UTC")]
    [InlineData("CRON_TZ=Europe/Berlin 0 0 * * *", "UTC")]
    [InlineData("60 * * * *", "minute field")]
    [InlineData("0 24 * * *", "hour field")]
    [InlineData("0 0 0 * *", "day-of-month field")]
    [InlineData("0 0 * 13 *", "month field")]
    [InlineData("0 0 * * 8", "day-of-week field")]
    [InlineData("-5 * * * *", "minute field")]
    [InlineData("+5 * * * *", "minute field")]
    [InlineData("0 22-2 * * *", "backwards")]
    [InlineData("0 0 * * sat-mon", "backwards")]
    [InlineData("*/0 * * * *", "step")]
    [InlineData("*/x * * * *", "step")]
    [InlineData("0 0 L * *", "L, W, # or ?")]
    [InlineData("0 0 15W * *", "L, W, # or ?")]
    [InlineData("0 0 * * 5#2", "L, W, # or ?")]
    [InlineData("0 0 ? * *", "L, W, # or ?")]
    [InlineData("0,, * * * *", "minute field")]
    [InlineData("0 0 31 2 *", "never occurs")]
    [InlineData("0 0 30 feb *", "never occurs")]
    [InlineData("0 0 31 4,6,9,11 *", "never occurs")]
    [InlineData("* * * * *", "5 minutes")]
    [InlineData("*/4 * * * *", "5 minutes")]
    [InlineData("0,58 * * * *", "5 minutes")]
    [InlineData("1,57 0-1 * * *", "5 minutes")]
    [InlineData("0,57 0,23 * * *", "5 minutes")]
    [InlineData("0,57 0,23 * * 1,2", "5 minutes")]
    [InlineData("0-2 0 1 1 *", "5 minutes")]
    public void It_is_refused(string? expression, string says) => Assert.Contains(says, Cron.Fault(expression), StringComparison.Ordinal);

    [Theory]
    [InlineData("0,55 * * * *")]
    [InlineData("0,58 0,2 * * *")]
    [InlineData("0,57 0,23 * * 1,3")]
    [InlineData("0,57 0,23 1 * *")]
    [InlineData("59 * * * *")]
    public void Five_minutes_apart_is_taken(string expression) => Assert.Null(Cron.Fault(expression));

    /// <summary>Cronos wants both days to match, so it is asked about each restricted day by itself and the earlier answer counts.</summary>
    [Fact]
    public void It_agrees_with_a_known_implementation()
    {
        static Gen<string> Field(int min, int max) => Gen.OneOf(
            Gen.Const("*"),
            Gen.Int[min, max].Select(v => $"{v}"),
            Gen.Select(Gen.Int[min, max], Gen.Int[min, max]).Select((a, b) => $"{Math.Min(a, b)}-{Math.Max(a, b)}"),
            Gen.Select(Gen.Int[min, max], Gen.Int[min, max]).Select((a, b) => $"{a},{b}"),
            Gen.Int[1, Math.Min(9, max)].Select(step => $"*/{step}"),
            Gen.Select(Gen.Int[min, max], Gen.Int[1, Math.Min(9, max)]).Select((a, step) => $"{a}/{step}"));

        Gen.Select(Field(0, 59), Field(0, 23), Field(1, 31), Field(1, 12), Field(0, 6), Gen.DateTime[new(2020, 1, 1), new(2030, 1, 1)])
            .Sample((minute, hour, day, month, weekday, time) =>
            {
                var moment = new DateTimeOffset(DateTime.SpecifyKind(time, DateTimeKind.Utc));
                var either = day[0] != '*' && weekday[0] != '*';
                string[] oracles = either
                    ? [$"{minute} {hour} {day} {month} *", $"{minute} {hour} * {month} {weekday}"]
                    : [$"{minute} {hour} {day} {month} {weekday}"];
                var expected = oracles.Min(o => Cronos.CronExpression.Parse(o).GetNextOccurrence(moment, TimeZoneInfo.Utc));
                return Cron.Parse($"{minute} {hour} {day} {month} {weekday}").NextAfter(moment) == expected;
            });
    }

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
