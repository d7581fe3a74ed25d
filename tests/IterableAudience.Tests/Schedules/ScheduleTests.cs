using System.Globalization;
using CsCheck;
using IterableAudience.Schedules;
using Xunit;

namespace IterableAudience.Tests.Schedules;

public sealed class ScheduleTests
{
    [Theory]
    // RudderStack's own example: made at 12:30 with three hours, first run 15:00.
    [InlineData(180, null, "2026-03-01T12:30:00Z", "2026-03-01T15:00:00Z")]
    [InlineData(5, null, "2026-03-01T12:30:00Z", "2026-03-01T12:35:00Z")]
    [InlineData(5, null, "2026-03-01T12:34:59Z", "2026-03-01T12:35:00Z")]
    [InlineData(60, "02:30", "2026-03-01T12:00:00Z", "2026-03-01T12:30:00Z")]
    [InlineData(180, "02:30", "2026-03-01T00:00:00Z", "2026-03-01T02:30:00Z")]
    [InlineData(180, "02:30", "2026-03-01T23:45:00Z", "2026-03-02T02:30:00Z")]
    [InlineData(720, "23:00", "2026-03-01T10:59:00Z", "2026-03-01T11:00:00Z")]
    [InlineData(1440, null, "2026-12-31T00:00:00Z", "2027-01-01T00:00:00Z")]
    [InlineData(1440, "02:30", "2026-02-28T02:30:00Z", "2026-03-01T02:30:00Z")]
    public void A_basic_schedule_ticks_from_its_anchor(int every, string? startingAt, string after, string next)
        => Assert.Equal(At(next), new Schedule("basic", every, startingAt).NextAfter(At(after)));

    [Fact]
    public void A_basic_schedule_always_ticks_later_within_its_frequency_and_in_step_with_its_anchor()
        => Gen.Select(Gen.Int[0, Schedule.Frequencies.Length - 1].Select(i => Schedule.Frequencies[i]), Gen.Int[0, 1439], Gen.DateTime[new(2020, 1, 1), new(2030, 1, 1)]).Sample((every, anchor, time) =>
        {
            var moment = new DateTimeOffset(DateTime.SpecifyKind(time, DateTimeKind.Utc));
            var next = new Schedule("basic", every, $"{anchor / 60:00}:{anchor % 60:00}").NextAfter(moment)!.Value;
            return next > moment && next - moment <= TimeSpan.FromMinutes(every)
                && next.Second == 0 && ((int)next.TimeOfDay.TotalMinutes - anchor + 1440) % every == 0;
        });

    [Fact]
    public void A_manual_schedule_never_ticks() => Assert.Null(Schedule.Manual.NextAfter(At("2026-03-01T00:00:00Z")));

    [Theory]
    [InlineData("basic", 60, null, null)]
    [InlineData("basic", 1440, "23:59", null)]
    [InlineData("cron", null, null, "@daily")]
    [InlineData("manual", null, null, null)]
    public void These_schedules_are_taken(string type, int? every, string? startingAt, string? cron)
        => Assert.Empty(Faults(new(type, every, startingAt, cron)));

    [Theory]
    [InlineData(null, null, null, null, "Type")]
    [InlineData("hourly", null, null, null, "Type")]
    [InlineData("basic", null, null, null, "EveryMinutes")]
    [InlineData("basic", 7, null, null, "EveryMinutes")]
    [InlineData("basic", 0, "2:30", null, "EveryMinutes", "StartingAt")]
    [InlineData("basic", 60, "24:00", null, "StartingAt")]
    [InlineData("basic", 60, null, "@daily", "CronExpression")]
    [InlineData("cron", 60, "02:30", null, "EveryMinutes", "StartingAt", "CronExpression")]
    [InlineData("manual", 60, null, null, "EveryMinutes")]
    public void These_schedules_are_refused_with_every_fault(string? type, int? every, string? startingAt, string? cron, params string[] faults)
        => Assert.Equal(faults.Order(), Faults(new(type, every, startingAt, cron)).Order());

    private static IEnumerable<string> Faults(Schedule schedule) => new ScheduleValidator().Validate(schedule).Errors.Select(e => e.PropertyName);

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
