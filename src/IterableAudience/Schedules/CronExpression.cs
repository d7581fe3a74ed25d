using System.Collections.Frozen;

namespace IterableAudience.Schedules;

/// <summary>
/// Cron in RudderStack's grammar, in UTC: five fields with lists, ranges, steps and names, 7 for Sunday, or a macro from <c>@hourly</c> to <c>@yearly</c>.
/// When day-of-month and day-of-week are both restricted, either matches (Vixie's rule; a field that begins with <c>*</c>, as in <c>*/2</c>, counts as unrestricted).
/// </summary>
/// <remarks>
/// Own code, not a library: libraries want both days to match or take more grammar than is allowed, and the five-minute floor
/// needs the sets of the fields, which they don't show (docs/decisions/0016).
/// </remarks>
internal sealed class CronExpression
{
    private const int FloorMinutes = 5;

    // The calendar repeats after 400 years, a whole number of weeks: a search of so many days is a proof.
    private const int CalendarCycleDays = 146_097;
    private static readonly DateTimeOffset Origin = new(2024, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly FrozenDictionary<string, string> Macros = new Dictionary<string, string>
    {
        ["@hourly"] = "0 * * * *",
        ["@daily"] = "0 0 * * *",
        ["@midnight"] = "0 0 * * *",
        ["@weekly"] = "0 0 * * 0",
        ["@monthly"] = "0 0 1 * *",
        ["@yearly"] = "0 0 1 1 *",
        ["@annually"] = "0 0 1 1 *",
    }.ToFrozenDictionary();

    private readonly int[] _minutes;
    private readonly int[] _hours;
    private readonly bool[] _days;
    private readonly bool[] _months;
    private readonly bool[] _weekdays;
    private readonly bool _eitherDay;

    private CronExpression(string[] fields)
    {
        var parsed = fields.Select((text, i) => CronField.All[i].Parse(text)).ToArray();
        _minutes = Chosen(parsed[0].Values);
        _hours = Chosen(parsed[1].Values);
        _days = parsed[2].Values;
        _months = parsed[3].Values;
        _weekdays = parsed[4].Values;
        _weekdays[0] |= _weekdays[7];
        _eitherDay = !parsed[2].Star && !parsed[4].Star;
    }

    /// <summary>Reads an expression that may still be too frequent or never occur; see <see cref="Fault"/>.</summary>
    /// <exception cref="FormatException">Says what is wrong.</exception>
    public static CronExpression Parse(string text)
    {
        var fields = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length > 0 && fields[0].Contains('=', StringComparison.Ordinal))
            throw new FormatException("time zones are not taken: all times are UTC.");
        if (fields.Length > 0 && fields[0][0] == '@')
        {
            return fields.Length == 1 && Macros.TryGetValue(fields[0].ToLowerInvariant(), out var expansion)
                ? Parse(expansion)
                : throw new FormatException("only the macros @hourly, @daily, @midnight, @weekly, @monthly, @yearly and @annually are taken.");
        }

        return fields.Length == CronField.All.Length
            ? new CronExpression(fields)
            : throw new FormatException($"must have five fields (minute hour day-of-month month day-of-week); it has {fields.Length}.");
    }

    /// <summary>What is wrong with an expression, or null when it can be a schedule.</summary>
    public static string? Fault(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
            return "is required for type cron, like 30 2 * * *.";
        if (text.Length > 200)
            return "must have at most 200 characters.";
        try
        {
            var cron = Parse(text);
            return cron.NextAfter(Origin) is null ? "names a date that never occurs."
                : cron.IsTooFrequent() ? $"must not fire more often than every {FloorMinutes} minutes."
                : null;
        }
        catch (FormatException fault)
        {
            return fault.Message;
        }
    }

    /// <summary>The first occurrence after a moment; null when there is none.</summary>
    public DateTimeOffset? NextAfter(DateTimeOffset moment)
    {
        var from = moment.UtcDateTime;
        var day = from.Date;
        for (var i = 0; i <= CalendarCycleDays && day < DateTime.MaxValue.Date; i++, day = day.AddDays(1))
        {
            if (!Matches(day))
                continue;
            foreach (var hour in _hours)
            {
                foreach (var minute in _minutes)
                {
                    var time = day.AddMinutes(hour * 60 + minute);
                    if (time > from)
                        return new DateTimeOffset(time, TimeSpan.Zero);
                }
            }
        }

        return null;
    }

    private bool Matches(DateTime day)
    {
        var inMonth = _days[day.Day];
        var inWeek = _weekdays[(int)day.DayOfWeek];
        return _months[day.Month] && (_eitherDay ? inMonth || inWeek : inMonth && inWeek);
    }

    /// <summary>Two ticks closer than the floor: within an hour, from one hour to the next, or over midnight of two days that both occur.</summary>
    private bool IsTooFrequent()
    {
        var overTheHour = 60 - _minutes[^1] + _minutes[0];
        return _minutes.Zip(_minutes.Skip(1), (a, b) => b - a).Any(gap => gap < FloorMinutes)
            || (overTheHour < FloorMinutes
                && (_hours.Zip(_hours.Skip(1), (a, b) => b - a).Contains(1)
                    || (_hours[0] == 0 && _hours[^1] == 23 && HasNeighbouringDays())));
    }

    private bool HasNeighbouringDays()
    {
        var days = Enumerable.Range(0, CalendarCycleDays + 1).Select(i => Matches(Origin.UtcDateTime.AddDays(i)));
        var before = false;
        foreach (var matches in days)
        {
            if (matches && before)
                return true;
            before = matches;
        }

        return false;
    }

    private static int[] Chosen(bool[] values) => [.. values.Select((chosen, value) => (chosen, value)).Where(v => v.chosen).Select(v => v.value)];
}
