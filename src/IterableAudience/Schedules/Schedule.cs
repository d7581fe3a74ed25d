using System.Globalization;

namespace IterableAudience.Schedules;

/// <summary>When a connection syncs by itself, as the API shows it; all times are UTC.</summary>
/// <param name="Type"><c>basic</c>, <c>cron</c> or <c>manual</c>.</param>
/// <param name="EveryMinutes">Basic: 5, 10, 15, 30, 60, 180, 360, 720 or 1440.</param>
/// <param name="StartingAt">Basic: a UTC time of day (<c>HH:mm</c>) that anchors the cadence. Without it the windows start at midnight.</param>
/// <param name="CronExpression">Cron: five fields or a macro (<c>@hourly</c> … <c>@yearly</c>), UTC, at most every 5 minutes.</param>
internal sealed record Schedule(string? Type, int? EveryMinutes = null, string? StartingAt = null, string? CronExpression = null)
{
    public const string Basic = "basic";
    public const string Cron = "cron";
    public const string ByHand = "manual";
    private const int MinutesPerDay = 24 * 60;

    /// <summary>All of them divide a day, so every day has the same ticks.</summary>
    public static readonly int[] Frequencies = [5, 10, 15, 30, 60, 180, 360, 720, 1440];

    public static readonly Schedule Manual = new(ByHand);

    /// <summary>The first tick after a moment; null for a manual schedule. The schedule must be valid.</summary>
    public DateTimeOffset? NextAfter(DateTimeOffset moment) => Type switch
    {
        Basic => NextBasic(moment),
        Cron => Schedules.CronExpression.Parse(CronExpression!).NextAfter(moment),
        _ => null,
    };

    /// <summary>Reads <c>HH:mm</c>.</summary>
    public static bool TryTimeOfDay(string text, out TimeOnly time)
        => TimeOnly.TryParseExact(text, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out time);

    private DateTimeOffset NextBasic(DateTimeOffset moment)
    {
        var anchor = StartingAt is not null && TryTimeOfDay(StartingAt, out var time) ? (int)time.ToTimeSpan().TotalMinutes : 0;
        var midnight = new DateTimeOffset(moment.UtcDateTime.Date, TimeSpan.Zero);
        var minuteOfDay = (int)(moment - midnight).TotalMinutes;
        var sinceTick = (minuteOfDay - anchor + MinutesPerDay) % EveryMinutes!.Value;
        return midnight.AddMinutes(minuteOfDay - sinceTick + EveryMinutes.Value);
    }
}
