using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using DuckDB.NET.Data;

namespace IterableAudience.Demo.Driving;

/// <summary>A shop's warehouse: a DuckDB file with a table of customers, which the demo changes as the shop would. The file is open only while it is changed.</summary>
[SuppressMessage("Security", "CA2100", Justification = "The statements are the demo's own.")]
internal sealed class Warehouse
{
    public const string FileName = "shop.duckdb";
    private static readonly string[] Columns = ["ID", "EMAIL", "FIRST_NAME", "LAST_NAME", "CITY", "PLAN"];
    private readonly string path;

    public Warehouse(string folder)
    {
        Directory.CreateDirectory(folder);
        path = Path.Combine(folder, FileName);
        Run($"CREATE TABLE customers (CUSTOMER VARCHAR, {string.Join(", ", Columns.Select(c => $"{c} VARCHAR"))})");
    }

    /// <summary>The rows as the sample files leave them: the last record of each key, unless it is a delete.</summary>
    public void Load(IEnumerable<string> lines)
    {
        var rows = new Dictionary<string, JsonObject?>();
        foreach (var line in lines)
        {
            if (Read(line) is { } record)
            {
                rows[(string)record["primaryKey"]!] = (string?)record["action"] == "delete" ? null : record["fields"]?.AsObject();
            }
        }

        using var connection = Open();
        using var appender = connection.CreateAppender("customers");
        foreach (var (key, fields) in rows)
        {
            if (fields is not null)
            {
                var row = appender.CreateRow().AppendValue(key);
                foreach (var column in Columns)
                {
                    row = row.AppendValue((string?)fields[column]);
                }

                row.EndRow();
            }
        }
    }

    public void Run(string sql)
    {
        using var connection = Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    /// <summary>The rows of a query, each as its values in text.</summary>
    public List<string?[]> Rows(string sql)
    {
        using var connection = Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        List<string?[]> rows = [];
        while (reader.Read())
        {
            rows.Add([.. Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i) ? null : Convert.ToString(reader.GetValue(i), CultureInfo.InvariantCulture))]);
        }

        return rows;
    }

    private static JsonObject? Read(string line)
    {
        try
        {
            return JsonNode.Parse(line) as JsonObject is { } record && record["primaryKey"] is JsonValue && record["action"] is JsonValue ? record : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private DuckDBConnection Open()
    {
        var connection = new DuckDBConnection($"Data Source={path}");
        connection.Open();
        return connection;
    }
}
