using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using DuckDB.NET.Data;
using IterableAudience.Tests.Stores;
using IterableAudience.Warehouses;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace IterableAudience.Tests.Warehouses;

/// <summary>A warehouse of a test's own, with an account of it: a DuckDB file, or a database on the shared PostgreSQL server.</summary>
[SuppressMessage("Security", "CA2100", Justification = "The statements are the test's.")]
public sealed class TestWarehouse : IDisposable
{
    private readonly string _name;
    private readonly string _file;
    private readonly string _database = "";

    /// <param name="host">Make it before the host's first request: it sets where DuckDB files are.</param>
    /// <param name="kind">Which one.</param>
    /// <param name="file">Name of the DuckDB file.</param>
    public TestWarehouse(TestHost host, WarehouseKind kind, string file = "shop.duckdb")
    {
        (Host, Kind, _name) = (host, kind, file);
        Root = Path.Combine(host.Folder, "warehouse");
        Directory.CreateDirectory(Root);
        host.Settings["Sources:DuckDb:Root"] = Root;
        _file = Path.Combine(Root, file);
        if (kind == WarehouseKind.Postgres)
            _database = PostgresServer.Shared.NewDatabase();
    }

    public TestHost Host { get; }

    public WarehouseKind Kind { get; }

    /// <summary>The folder that DuckDB may read.</summary>
    public string Root { get; }

    /// <summary>The schema that tables are made in when none is named.</summary>
    public string Schema => Kind == WarehouseKind.DuckDb ? "main" : "public";

    /// <summary>As in <c>sourceDefinitionName</c>.</summary>
    public string Name => Kind == WarehouseKind.DuckDb ? "duckdb" : "postgres";

    /// <summary>Another user of the same database, for an account with fewer rights.</summary>
    public string User { get; set; } = "postgres";

    public string Password { get; set; } = "";

    public int Port { get; set; } = -1;

    public string AccountJson(string name)
    {
        if (Kind == WarehouseKind.DuckDb)
            return $$$"""{"name":"{{{name}}}","accountDefinitionName":"SOURCE_DUCKDB","options":{"path":"{{{_name}}}"}}""";
        var at = new NpgsqlConnectionStringBuilder(_database);
        return $$$"""
            {"name":"{{{name}}}","accountDefinitionName":"SOURCE_POSTGRES",
             "options":{"host":"{{{at.Host}}}","port":"{{{(Port < 0 ? at.Port : Port)}}}","dbname":"{{{at.Database}}}","user":"{{{User}}}","sslMode":"disable"},"secret":{"password":"{{{Password}}}"}}
            """;
    }

    /// <summary>Makes an account of it and returns the id.</summary>
    public async Task<string> AccountAsync(string name = "Shop")
        => (await Host.PostAsync("/v2/accounts", AccountJson(name))).ShouldBe(HttpStatusCode.Created).Text("id");

    /// <summary>A session as the service has it.</summary>
    internal Task<WarehouseSession> OpenAsync(SessionMode mode, CancellationToken cancel)
    {
        var warehouse = Host.Provider.GetRequiredService<WarehouseKinds>().Named(Name)!;
        var account = JsonNode.Parse(AccountJson("Shop"))!;
        return warehouse.OpenAsync(warehouse.Check(account["options"]!.DeepClone().AsObject(), account["secret"]?.DeepClone().AsObject() ?? []).Login!, mode, cancel);
    }

    public void Run(string sql)
    {
        using var connection = Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    /// <summary>Each row as its values, with bars between them.</summary>
    public List<string> Rows(string sql)
    {
        using var connection = Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        List<string> rows = [];
        while (reader.Read())
        {
            rows.Add(string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i) ? "null" : Convert.ToString(reader.GetValue(i), CultureInfo.InvariantCulture))));
        }

        return rows;
    }

    /// <summary>A session of somebody else's on the PostgreSQL server.</summary>
    public async Task<NpgsqlConnection> ConnectAsync()
    {
        var connection = new NpgsqlConnection(_database + ";Pooling=false");
        await connection.OpenAsync();
        return connection;
    }

    public void Dispose()
    {
        if (_database.Length > 0)
            PostgresServer.Shared.Drop(_database);
    }

    private DbConnection Open()
    {
        DbConnection connection = Kind == WarehouseKind.DuckDb
            ? new DuckDBConnection("Data Source=:memory:")
            : new NpgsqlConnection(_database + ";Pooling=false");
        connection.Open();
        if (Kind == WarehouseKind.DuckDb)
        {
            using var attach = connection.CreateCommand();
            attach.CommandText = $"ATTACH '{_file.Replace("'", "''", StringComparison.Ordinal)}' AS its_file; USE its_file.main"; // any name that the file may have is good
            attach.ExecuteNonQuery();
        }

        return connection;
    }
}
