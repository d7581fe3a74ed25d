using System.Text.Json;

namespace IterableAudience.Warehouses.DuckDb;

/// <summary>A text as DuckDB's own parser understands it: the tree that its <c>json_serialize_sql</c> gives. Pure.</summary>
internal sealed class DuckDbSyntax
{
    private readonly HashSet<string> _tableFunctions = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _functions = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _tables = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Why it is no query, <c>parser</c> for a text that is no SQL; null for queries.</summary>
    public string? ErrorKind { get; private init; }

    public string? ErrorMessage { get; private init; }

    public int Statements { get; private init; }

    /// <summary>Functions that rows are selected from.</summary>
    public IReadOnlySet<string> TableFunctions => _tableFunctions;

    /// <summary>All functions that are called anywhere in it.</summary>
    public IReadOnlySet<string> Functions => _functions;

    /// <summary>Tables and views, by their names alone.</summary>
    public IReadOnlySet<string> Tables => _tables;

    /// <param name="json">What <c>json_serialize_sql</c> answered.</param>
    public static DuckDbSyntax Of(string json)
    {
        using var document = JsonDocument.Parse(json, new() { MaxDepth = int.MaxValue }); // as deep as the query
        var root = document.RootElement;
        if (root.GetProperty("error").GetBoolean())
        {
            return new() { ErrorKind = Text(root, "error_type") ?? "", ErrorMessage = Text(root, "error_message") };
        }

        var syntax = new DuckDbSyntax { Statements = root.GetProperty("statements").GetArrayLength() };
        syntax.Walk(root);
        return syntax;
    }

    private void Walk(JsonElement root)
    {
        Stack<JsonElement> left = new([root]);
        while (left.TryPop(out var node))
        {
            if (node.ValueKind == JsonValueKind.Array)
            {
                foreach (var item in node.EnumerateArray())
                {
                    left.Push(item);
                }
            }
            else if (node.ValueKind == JsonValueKind.Object)
            {
                Note(node);
                foreach (var member in node.EnumerateObject())
                {
                    left.Push(member.Value);
                }
            }
        }
    }

    private void Note(JsonElement node)
    {
        switch (Text(node, "type"))
        {
            case "TABLE_FUNCTION":
                _tableFunctions.Add(node.TryGetProperty("function", out var called) && Text(called, "function_name") is { } name ? name : "");
                break;
            case "BASE_TABLE":
                _tables.Add(Text(node, "table_name") ?? "");
                break;
        }

        if (Text(node, "function_name") is { } function)
        {
            _functions.Add(function);
        }
    }

    private static string? Text(JsonElement node, string member)
        => node.ValueKind == JsonValueKind.Object && node.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
