using System.Data.Common;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json.Nodes;
using DuckDB.NET.Data;
using IterableAudience.Benchmarks.Push;
using IterableAudience.Demo.Driving;
using Npgsql;

namespace IterableAudience.Benchmarks.Mirror;

/// <summary>A table of so many people in a warehouse: a DuckDB file, or a PostgreSQL server of the measurement's own.</summary>
[SuppressMessage("Security", "CA2100", Justification = "The statements are the benchmark's own.")]
internal sealed class BenchWarehouse : IDisposable
{
    private readonly Postgres? _postgres;
    private readonly string _file;

    public BenchWarehouse(bool onPostgres, string folder, int rows)
    {
        Directory.CreateDirectory(folder);
        _file = Path.Combine(folder, "shop.duckdb");
        _postgres = onPostgres ? Postgres.Start() : null;
        var numbers = onPostgres ? $"generate_series(0, {rows - 1}) AS t(i)" : $"range({rows}) t(i)";
        Run($"CREATE TABLE people AS SELECT i AS id, 'person' || i || '@example.com' AS email, 'u-' || i AS user_id, 'Street ' || i AS address, i % 97 AS score FROM {numbers}");
        if (onPostgres)
        {
            Run("ALTER TABLE people ADD PRIMARY KEY (id)");
            Run("VACUUM ANALYZE people");
        }
    }

    public string Name => _postgres is null ? "duckdb" : "postgres";

    public string Schema => _postgres is null ? "main" : "public";

    public JsonObject Account()
    {
        if (_postgres is null)
        {
            return new() { ["name"] = "Shop", ["accountDefinitionName"] = "SOURCE_DUCKDB", ["options"] = new JsonObject { ["path"] = "shop.duckdb" } };
        }

        var at = new NpgsqlConnectionStringBuilder(_postgres.ConnectionString);
        return new()
        {
            ["name"] = "Shop",
            ["accountDefinitionName"] = "SOURCE_POSTGRES",
            ["options"] = new JsonObject { ["host"] = at.Host, ["port"] = at.Port, ["dbname"] = at.Database, ["user"] = at.Username, ["sslMode"] = "disable" },
            ["secret"] = new JsonObject { ["password"] = "" },
        };
    }

    /// <summary>One row in a hundred: half of them have another address, a quarter is gone, a quarter is new.</summary>
    public void Change(int rows)
    {
        Run("UPDATE people SET email = 'moved' || id || '@example.com', user_id = 'm-' || id WHERE id % 200 = 1");
        Run("DELETE FROM people WHERE id % 400 = 3");
        var numbers = _postgres is null ? $"range({rows}, {rows + (rows / 400)}) t(i)" : $"generate_series({rows}, {rows + (rows / 400) - 1}) AS t(i)";
        Run($"INSERT INTO people SELECT i, 'person' || i || '@example.com', 'u-' || i, 'Street ' || i, i % 97 FROM {numbers}");
    }

    /// <summary>The shortest way to look at every row: read the three columns, and do nothing with them.</summary>
    public double ReadAll()
    {
        var watch = Stopwatch.StartNew();
        using var connection = Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT CAST(id AS varchar), email, user_id FROM people";
        if (command is DuckDBCommand duck)
        {
            duck.UseStreamingMode = true;
        }

        using var reader = command.ExecuteReader();
        var characters = 0L;
        while (reader.Read())
        {
            characters += reader.GetString(0).Length + reader.GetString(1).Length + reader.GetString(2).Length;
        }

        return characters > 0 ? watch.Elapsed.TotalSeconds : throw new DemoException("The table is empty.");
    }

    public void Dispose() => _postgres?.Dispose();

    private void Run(string sql)
    {
        using var connection = Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.CommandTimeout = 0;
        command.ExecuteNonQuery();
    }

    private DbConnection Open()
    {
        DbConnection connection = _postgres is null ? new DuckDBConnection($"Data Source={_file}") : new NpgsqlConnection(_postgres.ConnectionString + ";Pooling=false");
        connection.Open();
        return connection;
    }
}
