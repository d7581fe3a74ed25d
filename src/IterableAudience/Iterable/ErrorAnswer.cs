using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace IterableAudience.Iterable;

/// <summary>
/// The body of a refusal: <c>{"msg","code","params"}</c>, or whatever a gateway says. The message may echo the whole request with its headers,
/// so it is only ever matched against, never shown; see <see cref="Redaction"/>.
/// </summary>
/// <param name="Code">Iterable's error code, letters only; null when there is none. A refusal may say <c>Success</c> here.</param>
/// <param name="Message">Raw text. Not for logs.</param>
/// <param name="Parts">Which parts of the request a <c>BadJsonBody</c> names, e.g. <c>obj.subscribers[3].email</c>.</param>
internal sealed partial record ErrorAnswer(string? Code, string Message, IReadOnlyList<string> Parts)
{
    private const int LongestMessage = 4096;

    /// <summary>Reads a refusal. Never fails: what isn't JSON is the message itself.</summary>
    public static ErrorAnswer Read(ReadOnlySpan<byte> body)
    {
        try
        {
            var reader = new Utf8JsonReader(body);
            using var document = JsonDocument.ParseValue(ref reader);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                return Read(document.RootElement);
            }
        }
        catch (JsonException)
        {
            // a gateway's page, or plain text
        }

        return new ErrorAnswer(null, Encoding.UTF8.GetString(body[..Math.Min(body.Length, LongestMessage)]), []);
    }

    /// <summary>Places of the subscribers that the refusal names; empty when it names none.</summary>
    public IEnumerable<int> NamedRows()
        => Parts.Select(p => SubscriberPart().Match(p))
            .Where(m => m.Success && m.Groups[1].Length < 9)
            .Select(m => int.Parse(m.Groups[1].ValueSpan, provider: null))
            .Distinct();

    /// <summary>The refusal names parts of the request, and none of them is a subscriber: no row is to blame.</summary>
    public bool NamesOnlyOtherParts() => Parts.Count > 0 && !Parts.Any(p => p.StartsWith("obj.subscribers", StringComparison.Ordinal));

    /// <summary>Whether the message holds a text.</summary>
    public bool Says(string text) => Message.Contains(text, StringComparison.OrdinalIgnoreCase);

    /// <summary>Prints no message: a record prints all its members.</summary>
    public override string ToString() => $"refusal {Code}";

    private static ErrorAnswer Read(JsonElement root)
    {
        var code = Text(root, "code");
        var parts = root.TryGetProperty("params", out var named) && named.ValueKind == JsonValueKind.Object
            ? named.EnumerateObject().Select(p => p.Name).Where(n => RequestPart().IsMatch(n)).Take(100).ToArray()
            : [];
        return new ErrorAnswer(code is not null && CodeForm().IsMatch(code) ? code : null, Text(root, "msg") ?? "", parts);
    }

    private static string? Text(JsonElement root, string name)
        => root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    [GeneratedRegex("^[A-Za-z]{1,50}$", RegexOptions.CultureInvariant)]
    private static partial Regex CodeForm();

    [GeneratedRegex(@"^obj(\.[A-Za-z]{1,40}(\[[0-9]{1,9}\])?)*$", RegexOptions.CultureInvariant)]
    private static partial Regex RequestPart();

    [GeneratedRegex(@"^obj\.subscribers\[([0-9]+)\]", RegexOptions.CultureInvariant)]
    private static partial Regex SubscriberPart();
}
