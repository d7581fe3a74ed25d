using System.Text.Json;

namespace IterableAudience.Iterable;

/// <summary>The answers of the control calls, read leniently: Iterable adds members without notice.</summary>
internal static class ControlBodies
{
    /// <summary><c>{"lists":[{"id","name","description","createdAt","listType"}]}</c>; <c>createdAt</c> is in milliseconds, whatever Iterable's description of the API says.</summary>
    public static object? Lists(ReadOnlySpan<byte> body) => Read(body, static root =>
    {
        if (!root.TryGetProperty("lists", out var lists) || lists.ValueKind != JsonValueKind.Array)
        {
            return null;
        }

        var result = new List<IterableList>(lists.GetArrayLength());
        foreach (var list in lists.EnumerateArray())
        {
            result.Add(new IterableList(
                list.GetProperty("id").GetInt64(),
                Text(list, "name") ?? "",
                Text(list, "listType") ?? "",
                Text(list, "description"),
                list.TryGetProperty("createdAt", out var at) && at.TryGetInt64(out var milliseconds) ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds) : null));
        }

        return result;
    });

    /// <summary><c>{"listId":1068682}</c>.</summary>
    public static object? CreatedList(ReadOnlySpan<byte> body)
        => Read(body, static root => root.TryGetProperty("listId", out var id) && id.TryGetInt64(out var number) ? number : null);

    private static object? Read(ReadOnlySpan<byte> body, Func<JsonElement, object?> read)
    {
        try
        {
            var reader = new Utf8JsonReader(body);
            using var document = JsonDocument.ParseValue(ref reader);
            return read(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or ArgumentOutOfRangeException)
        {
            return null;
        }
    }

    private static string? Text(JsonElement element, string name)
        => element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
