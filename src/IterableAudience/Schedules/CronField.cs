using System.Buffers;
using System.Collections.Frozen;
using System.Globalization;

namespace IterableAudience.Schedules;

/// <summary>One of the five fields: what it may hold, and how to read it.</summary>
internal sealed record CronField(string Name, int Min, int Max, FrozenDictionary<string, int> Names)
{
    /// <summary>In the order of an expression. Day-of-week takes 7 as a second spelling of Sunday.</summary>
    public static readonly CronField[] All =
    [
        new("minute", 0, 59, Named(0)),
        new("hour", 0, 23, Named(0)),
        new("day-of-month", 1, 31, Named(0)),
        new("month", 1, 12, Named(1, "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")),
        new("day-of-week", 0, 7, Named(0, "sun", "mon", "tue", "wed", "thu", "fri", "sat")),
    ];

    private static readonly SearchValues<char> Extensions = SearchValues.Create("LW#?lw");

    /// <summary>Reads lists, ranges, steps and names.</summary>
    /// <returns>The chosen values, and whether the field counts as a wildcard (<c>*</c>, also with a step).</returns>
    /// <exception cref="FormatException">Says what is wrong with the field.</exception>
    public (bool[] Values, bool Star) Parse(string text)
    {
        var values = new bool[Max + 1];
        var star = false;
        foreach (var element in text.Split(','))
        {
            var (low, high, step, wildcard) = Element(element);
            star |= wildcard;
            for (var value = low; value <= high; value += step)
                values[value] = true;
        }

        return (values, star);
    }

    private (int Low, int High, int Step, bool Star) Element(string element)
    {
        var parts = element.Split('/', 2);
        var step = 1;
        if (parts.Length == 2 && (!IsNumber(parts[1], out step) || step < 1))
            throw Fault("has a step that is no positive number");
        if (parts[0] == "*")
            return (Min, Max, step, true);

        var range = parts[0].Split('-', 2);
        var low = Value(range[0]);
        // A step without a range runs to the end of the field: 15/20 is 15-59/20.
        var high = range.Length == 2 ? Value(range[1]) : parts.Length == 2 ? Max : low;
        return low <= high ? (low, high, step, false) : throw Fault("has a range that runs backwards; write it as two ranges");
    }

    private int Value(string text)
    {
        if (Names.TryGetValue(text.ToLowerInvariant(), out var named))
            return named;
        if (text.AsSpan().ContainsAny(Extensions))
            throw Fault("uses L, W, # or ?, which are not taken");
        return IsNumber(text, out var value) && value >= Min && value <= Max
            ? value
            : throw Fault($"must hold values from {Min} to {Max}{(Names.Count > 0 ? " or names like " + Names.MinBy(n => n.Value).Key : "")}");
    }

    private FormatException Fault(string what) => new($"the {Name} field {what}.");

    private static bool IsNumber(string text, out int value)
        => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);

    private static FrozenDictionary<string, int> Named(int first, params string[] names)
        => names.Select((name, i) => KeyValuePair.Create(name, first + i)).ToFrozenDictionary();
}
