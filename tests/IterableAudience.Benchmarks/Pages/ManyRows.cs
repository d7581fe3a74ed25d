using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Microsoft.Data.Sqlite;

namespace IterableAudience.Benchmarks.Pages;

/// <summary>Makes many connections and syncs of the only ones in an SQLite store that no service has open; to push ten thousand times would take an hour.</summary>
[SuppressMessage("Security", "CA2100", Justification = "The statements are the benchmark's own.")]
internal static class ManyRows
{
    public const int Connections = 200;
    public const int Syncs = 10_000;

    /// <summary>Two syncs in three go round all connections, the third to one of the first twenty: those have many. The same number makes the same draws.</summary>
    private const string Connection = "(CASE WHEN i % 3 = 0 THEN i % 20 ELSE i % 200 END)";
    private const string Draw = "((i * 2654435761 % 4294967296 >> 16) % 100)";
    private const string NewId = "lower(hex(randomblob(8)))";

    /// <summary>Has changed the whole file, or nothing.</summary>
    public static void Make(string file)
    {
        using var db = new SqliteConnection($"Data Source={file};Pooling=False");
        db.Open();
        using var transaction = db.BeginTransaction();
        Copy(db, "audience_list", Connections - 1, new()
        {
            ["No"] = "o.No + i",
            ["ListId"] = "700000 + i",
            ["Name"] = "'Audience number ' || i",
        });
        Copy(db, "ledger_count", Connections - 1, new()
        {
            ["list"] = "o.list + i",
            ["connection"] = "o.connection + i",
            ["members"] = "1000 + i * 997",
        });
        Copy(db, "connection", Connections - 1, new()
        {
            ["No"] = "o.No + i",
            ["Id"] = NewId,
            ["ListNo"] = "o.ListNo + i",
            ["AudienceId"] = "700000 + i",
        });
        Copy(db, "sync", Syncs - 1, new()
        {
            ["No"] = "o.No + i",
            ["Id"] = NewId,
            ["ConnectionNo"] = $"o.ConnectionNo + {Connection}",
            ["ListNo"] = $"o.ListNo + {Connection}",
            // A minute apart, the last one just after the first that is there.
            ["StartedAt"] = $"o.FinishedAt - ({Syncs} - i) * 60000",
            ["FinishedAt"] = $"o.FinishedAt - ({Syncs} - i) * 60000 + 5000",
            // Completed, completed with failures, aborted, held.
            ["Outcome"] = $"CASE WHEN {Draw} < 80 THEN 2 WHEN {Draw} < 95 THEN 3 WHEN {Draw} < 98 THEN 5 ELSE 7 END",
            ["Error"] = $"CASE WHEN {Draw} < 95 THEN '' WHEN {Draw} < 98 THEN 'Iterable did not answer.' ELSE 'The plan removes many.' END",
            ["Records"] = "i * 7919 % 5000",
            ["FailedRecords"] = "i * 7919 % 5000 / 50",
            ["Members"] = "10000 + i",
            ["PlanSyncNo"] = "o.No + i",
        });
        transaction.Commit();
    }

    /// <summary>Adds so many copies of the table's only row (<c>o</c>), numbered from 1 (<c>i</c>), with other values in some columns.</summary>
    private static void Copy(SqliteConnection db, string table, int copies, Dictionary<string, string> values)
    {
        var columns = Columns(db, table);
        if (values.Keys.Except(columns).FirstOrDefault() is { } unknown)
        {
            throw new ArgumentException($"The store has no column {table}.{unknown} any more.");
        }

        using var command = db.CreateCommand();
        command.CommandText =
            $"""
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {copies.ToString(CultureInfo.InvariantCulture)})
            INSERT INTO "{table}" ({string.Join(", ", columns.Select(c => $"\"{c}\""))})
            SELECT {string.Join(", ", columns.Select(c => values.GetValueOrDefault(c, $"o.\"{c}\"")))} FROM (SELECT * FROM "{table}" LIMIT 1) o, n
            """;
        if (command.ExecuteNonQuery() != copies)
        {
            throw new ArgumentException($"The table {table} has no row to copy.");
        }
    }

    private static List<string> Columns(SqliteConnection db, string table)
    {
        using var command = db.CreateCommand();
        command.CommandText = $"SELECT name FROM pragma_table_info('{table}')";
        using var reader = command.ExecuteReader();
        List<string> columns = [];
        while (reader.Read())
        {
            columns.Add(reader.GetString(0));
        }

        return columns;
    }
}
