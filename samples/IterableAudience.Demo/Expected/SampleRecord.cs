using System.Text.Json;

namespace IterableAudience.Demo.Expected;

/// <summary>One line of a sample file, read as plainly as possible.</summary>
/// <param name="Person">The identifiers that are good; null when none is.</param>
internal sealed record SampleRecord(string Action, string Key, Person? Person)
{
    /// <summary>Null when the line is no record at all.</summary>
    public static SampleRecord? Read(string line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            var action = json.RootElement.GetProperty("action").GetString()!;
            var key = json.RootElement.GetProperty("primaryKey").GetString()!;
            if (action is not ("insert" or "update" or "delete"))
            {
                return null;
            }

            var person = new Person(GoodEmail(Column("EMAIL")), GoodUserId(Column("ID")));
            return new(action, key, person == default ? null : person);

            string? Column(string name)
                => json.RootElement.TryGetProperty("fields", out var fields) && fields.TryGetProperty(name, out var value) ? value.GetString() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Enough for the samples, whose bad addresses are plainly bad: one @, no empty part, no space inside.</summary>
    private static string? GoodEmail(string? raw)
    {
        var email = raw?.Trim().ToLowerInvariant() ?? "";
        var parts = email.Split('@');
        return parts.Length == 2 && !email.Contains(' ', StringComparison.Ordinal) && parts.All(p => p.Length > 0 && p.Split('.').All(label => label.Length > 0)) ? email : null;
    }

    private static string? GoodUserId(string? raw) => raw is { Length: > 0 and <= 52 } && raw.Trim() == raw ? raw : null;
}
