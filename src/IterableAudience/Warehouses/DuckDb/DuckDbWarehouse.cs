using System.Text.Json.Nodes;
using DuckDB.NET.Data;
using Microsoft.Extensions.Options;

namespace IterableAudience.Warehouses.DuckDb;

/// <summary>DuckDB, the embedded warehouse: a file below one folder, and through a model's SQL the CSV, JSON and Parquet files of that folder.</summary>
internal sealed class DuckDbWarehouse(DuckDbFiles files, IOptions<SourcesOptions> options, TimeProvider time) : IWarehouse
{
    public string Name => "duckdb";

    public string AccountDefinition => "SOURCE_DUCKDB";

    public LoginCheck Check(JsonObject options, JsonObject secret)
        => LoginReader.Check(options, secret, new DuckDbLogin.Rules(), new NoSecret.Rules(), o => o);

    public async Task<WarehouseSession> OpenAsync(WarehouseLogin login, SessionMode mode, CancellationToken cancel)
    {
        var root = DuckDbFiles.Root(options.Value.DuckDb.Root);
        var file = DuckDbFiles.Find(root, login.Options.As<DuckDbLogin>().Path!);
        var turn = await files.TakeAsync(file, cancel);
        var connection = new DuckDBConnection("Data Source=:memory:");
        DuckDbSession? session = null;
        try
        {
            await connection.OpenAsync(cancel);
            session = new DuckDbSession(connection, turn, file, options.Value.StatementTimeout, time);
            session.Begin(root, options.Value.DuckDb, mode, cancel);
            return session;
        }
        catch (Exception e)
        {
            await connection.DisposeAsync();
            turn.Dispose();
            if (session is not null)
            {
                await session.DisposeAsync();
            }

            throw e is WarehouseException ? e : DuckDbErrors.Explain(e) ?? e;
        }
    }
}
