using System.Text.Json;
using System.Text.Json.Nodes;

namespace IterableAudience.Tests.Syncs;

/// <summary>Makes the records of pushes.</summary>
internal static class Row
{
    public static string Insert(object? key, string? email = null, string? userId = null) => Of("insert", key, email, userId);

    public static string Update(object? key, string? email = null, string? userId = null) => Of("update", key, email, userId);

    public static string Delete(object? key, string? email = null, string? userId = null) => Of("delete", key, email, userId);

    /// <summary>A record by the columns of the mapping; what is null is left out.</summary>
    public static string Of(string action, object? key, string? email, string? userId, string? recordId = null)
    {
        var fields = new JsonObject();
        if (email is not null)
            fields["EMAIL"] = email;
        if (userId is not null)
            fields["ID"] = userId;
        var row = new JsonObject { ["action"] = action };
        if (key is not null)
            row["primaryKey"] = JsonSerializer.SerializeToNode(key);
        if (recordId is not null)
            row["recordId"] = recordId;
        if (fields.Count > 0)
            row["fields"] = fields;
        return row.ToJsonString();
    }

    /// <summary>So many people, p1@example.com with userId p1 and so on, each with the number as key.</summary>
    public static string[] People(int count, int from = 1) => [.. Enumerable.Range(from, count).Select(n => Insert(n, $"p{n}@example.com", $"p{n}"))];

    public static string[] Leavers(int count, int from = 1) => [.. Enumerable.Range(from, count).Select(n => Delete(n))];
}
