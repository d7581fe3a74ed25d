using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Primitives;

namespace IterableAudience.Console;

/// <summary>
/// What a form holds. Its fields have the names of the API's members (<c>schedule.everyMinutes</c>), so that a fault that the API names is shown beside its field.
/// </summary>
public sealed class FormFields
{
    private readonly Dictionary<string, string> _values;

    private FormFields(IEnumerable<KeyValuePair<string, string>> values) => _values = new(values, StringComparer.Ordinal);

    /// <summary>The value of a field; empty when it isn't there.</summary>
    public string this[string name]
    {
        get => _values.GetValueOrDefault(name, "");
        set => _values[name] = value;
    }

    public static FormFields Empty() => new([]);

    internal static FormFields Of(IEnumerable<KeyValuePair<string, string>> values) => new(values);

    /// <summary>What was posted, without what the form itself needs.</summary>
    internal static FormFields Posted(IFormCollection form)
        => new(form.Where(f => !f.Key.StartsWith('_')).Select(f => KeyValuePair.Create(f.Key, Last(f.Value))));

    internal static FormFields Parse(string json) => new(JsonSerializer.Deserialize<Dictionary<string, string>>(json)!);

    internal string ToJson() => JsonSerializer.Serialize(_values);

    /// <summary>Null when it is empty: the API takes an absent member for its default.</summary>
    internal string? Text(string name) => this[name].Trim() is { Length: > 0 } text ? text : null;

    internal IEnumerable<KeyValuePair<string, string>> All => _values;

    internal bool IsOn(string name) => this[name] == "on";

    internal bool Has(string name) => _values.ContainsKey(name);

    internal int? Whole(string name) => int.TryParse(this[name], CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>With a point, never a comma: "2,5" is no number, and not 25.</summary>
    internal double? Number(string name) => TryNumber(this[name], out var number) ? number : null;

    internal static bool TryNumber(string text, out double number)
        => double.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign | NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out number)
            && double.IsFinite(number);

    internal void Remove(string name) => _values.Remove(name);

    /// <summary>A checkbox comes after a hidden field that says "off": what was said last counts.</summary>
    private static string Last(StringValues values) => values.Count == 0 ? "" : values[^1] ?? "";
}
