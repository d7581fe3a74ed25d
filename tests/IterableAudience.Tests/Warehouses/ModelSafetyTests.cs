using IterableAudience.Tests.Stores;
using IterableAudience.Warehouses;
using Xunit;

namespace IterableAudience.Tests.Warehouses;

/// <summary>Whoever writes a model may read, and nothing else: not write, not leave the folder, not set anything for what comes after.</summary>
public sealed class ModelSafetyTests : IAsyncDisposable
{
    private const string Customers = "SELECT \"ID\", \"EMAIL\" FROM customers";
    private readonly TestHost _host = new();
    private TestWarehouse? _warehouse;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [WarehouseData("DELETE FROM customers")]
    [WarehouseData("DROP TABLE customers")]
    [WarehouseData("SELECT 1 AS \"ID\") AS m; DROP TABLE customers; SELECT * FROM (SELECT 1 AS \"ID\"")]
    [WarehouseData("SELECT 1 AS \"ID\") AS m; COMMIT; DROP TABLE customers; --")]
    [WarehouseData("SELECT 1 AS \"ID\"; DROP TABLE customers")]
    [WarehouseData("SELECT 1 AS \"ID\"; SELECT 2 AS \"ID\"")]
    [WarehouseData("WITH gone AS (DELETE FROM customers RETURNING *) SELECT * FROM gone")]
    [WarehouseData("SELECT nextval('numbers') AS \"ID\"")]
    [WarehouseData("CREATE TABLE mine AS SELECT * FROM customers")]
    [WarehouseData("SET search_path = 'evil'")]
    [WarehouseData("SELECT * FROM")]
    [WarehouseData("")]
    public async Task Nothing_but_one_query_runs(WarehouseKind kind, string model)
    {
        Open(kind);
        foreach (var mode in new[] { SessionMode.Read, SessionMode.ReadThenWrite })
        {
            await using var session = await SessionAsync(mode);
            var failure = Assert.Throws<WarehouseException>(() => Read(session, mode, model));
            Assert.False(failure.Message.Contains('\n', StringComparison.Ordinal), failure.Message);
        }

        Assert.Equal(["2"], _warehouse!.Rows("SELECT count(*) FROM customers"));
        Assert.Equal(["1"], _warehouse.Rows("SELECT nextval('numbers')"));
    }

    [Theory]
    [WarehouseData(Customers)]
    [WarehouseData(Customers + " ; ")]
    [WarehouseData("WITH c AS (SELECT * FROM customers) SELECT * FROM c ORDER BY 1 -- all of them")]
    [WarehouseData("(SELECT * FROM customers) UNION ALL SELECT * FROM customers WHERE \"EMAIL\" = 'a;b''--/*'")]
    [WarehouseData("/* first; */ SELECT * FROM customers")]
    public async Task A_query_runs_however_it_is_written(WarehouseKind kind, string model)
    {
        Open(kind);
        foreach (var mode in new[] { SessionMode.Read, SessionMode.ReadThenWrite })
        {
            await using var session = await SessionAsync(mode);
            Assert.Equal(2, Read(session, mode, model));
        }
    }

    [Theory]
    [InlineData("SELECT * FROM read_csv('/etc/passwd')")]
    [InlineData("SELECT * FROM '/etc/passwd'")]
    [InlineData("SELECT * FROM read_text('../store.db')")]
    [InlineData("SELECT * FROM read_text('{root}/../store.db')")]
    [InlineData("SELECT * FROM read_blob('{root}/link')")]
    [InlineData("SELECT * FROM glob('/etc/*')")]
    [InlineData("SELECT * FROM read_csv('https://example.com/x.csv')")]
    [InlineData("SELECT * FROM read_parquet('s3://bucket/x.parquet')")]
    [InlineData("COPY customers TO '{root}/out.csv'")]
    [InlineData("ATTACH '{root}/other.duckdb'")]
    [InlineData("INSTALL httpfs")]
    [InlineData("LOAD httpfs")]
    [InlineData("PRAGMA database_list")]
    [InlineData("SET enable_external_access = true")]
    [InlineData("SELECT getenv('PATH')")]
    public async Task DuckDB_stays_in_its_folder(string model)
    {
        Open(WarehouseKind.DuckDb);
        File.CreateSymbolicLink(Path.Combine(_warehouse!.Root, "link"), "/etc/passwd");
        await using var session = await SessionAsync(SessionMode.ReadThenWrite);
        Assert.Throws<WarehouseException>(() => Read(session, SessionMode.Read, model.Replace("{root}", _warehouse.Root, StringComparison.Ordinal)));
        Assert.False(File.Exists(Path.Combine(_warehouse.Root, "out.csv")));
        Assert.False(File.Exists(Path.Combine(_warehouse.Root, "other.duckdb")));
    }

    /// <summary>What holds if a statement came past the check of its syntax.</summary>
    [Theory]
    [InlineData("SET threads = 8")]
    [InlineData("RESET memory_limit")]
    [InlineData("SET lock_configuration = false")]
    [InlineData("SET enable_external_access = true")]
    [InlineData("SET allowed_directories = ['/']")]
    [InlineData("SET allow_community_extensions = true")]
    [InlineData("SET autoinstall_known_extensions = true")]
    [InlineData("CREATE TABLE memory.main.x AS SELECT * FROM read_text('/etc/passwd')")]
    [InlineData("COPY (SELECT 1) TO '/tmp/iterable-audience-never'")]
    [InlineData("ATTACH '/tmp/iterable-audience-never.duckdb'")]
    public async Task DuckDB_itself_is_locked(string statement)
    {
        Open(WarehouseKind.DuckDb);
        await using var session = await SessionAsync(SessionMode.ReadThenWrite);
        Assert.Throws<WarehouseException>(() => session.Run(statement, Cancel));
        Assert.False(File.Exists("/tmp/iterable-audience-never") || File.Exists("/tmp/iterable-audience-never.duckdb"));
        Assert.Equal(
            ["autoinstall_known_extensions false", "autoload_known_extensions false", "enable_external_access false", "lock_configuration true"],
            session.List(
                "SELECT name || ' ' || value FROM duckdb_settings() WHERE name IN ('autoinstall_known_extensions', 'autoload_known_extensions', 'enable_external_access', 'lock_configuration') ORDER BY 1",
                r => r.Text(0)!,
                Cancel));
    }

    [Fact]
    public async Task DuckDB_reads_files_of_its_folder()
    {
        Open(WarehouseKind.DuckDb);
        await File.WriteAllTextAsync(Path.Combine(_warehouse!.Root, "people.csv"), "ID,EMAIL\n1,ada@example.com\n2,grace@example.com\n", Cancel);
        _warehouse.Run($"COPY customers TO '{_warehouse.Root}/people.parquet' (FORMAT parquet)");
        await using var session = await SessionAsync(SessionMode.ReadThenWrite);
        Assert.Equal(2, Read(session, SessionMode.Read, "SELECT * FROM read_csv(getvariable('root') || '/people.csv')"));
        Assert.Equal(2, Read(session, SessionMode.Read, $"SELECT * FROM read_parquet('{_warehouse.Root}/*.parquet')"));
    }

    /// <summary>What a function of a model has set would hold for the statements that write the snapshot.</summary>
    [PostgresFact]
    public async Task What_a_model_sets_is_gone_when_the_service_writes()
    {
        Open(WarehouseKind.Postgres);
        _warehouse!.Run("CREATE SCHEMA evil; CREATE FUNCTION evil.count(text) RETURNS bigint LANGUAGE sql AS 'SELECT 4711::bigint'");
        await using var session = await SessionAsync(SessionMode.ReadThenWrite);
        Read(session, SessionMode.ReadThenWrite, "SELECT set_config('search_path', 'evil, pg_catalog', false) AS \"ID\", set_config('statement_timeout', '0', false) AS \"EMAIL\"");
        Assert.DoesNotContain("evil", session.List("SHOW search_path", r => r.Text(0)!, Cancel)[0], StringComparison.Ordinal);
        Assert.NotEqual("0", session.List("SHOW statement_timeout", r => r.Text(0)!, Cancel)[0]);
    }

    [PostgresFact]
    public async Task A_model_cannot_make_its_transaction_writable()
    {
        Open(WarehouseKind.Postgres);
        await using var session = await SessionAsync(SessionMode.ReadThenWrite);
        Assert.Throws<WarehouseException>(() => Read(session, SessionMode.ReadThenWrite, "SELECT set_config('transaction_read_only', 'off', false) AS \"ID\""));
        await using var other = await SessionAsync(SessionMode.Read);
        Assert.Throws<WarehouseException>(() => other.Run("INSERT INTO customers VALUES (3, 'c')", Cancel));
    }

    /// <summary>A function that says of itself that it changes nothing is called when the server plans.</summary>
    [PostgresFact]
    public async Task Nothing_is_written_when_a_source_is_looked_at()
    {
        Open(WarehouseKind.Postgres);
        _warehouse!.Run("""
            CREATE FUNCTION writes() RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$ BEGIN INSERT INTO customers VALUES (3, 'c'); RETURN 3; END $$;
            CREATE FUNCTION poses() RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN writes(); END $$;
            CREATE VIEW posing AS SELECT poses() AS "ID"
            """);
        await using var session = await SessionAsync(SessionMode.ReadThenWrite);
        foreach (var query in new SourceQuery[] { new(null, null, "SELECT poses() AS \"ID\""), new("public", "posing", null) })
        {
            Assert.Contains("may only read", Assert.Throws<WarehouseException>(() => session.Describe(query, Cancel)).Message, StringComparison.Ordinal);
            Assert.Equal(["2"], _warehouse.Rows("SELECT count(*) FROM customers"));
        }

        Assert.Equal(2, Read(session, SessionMode.ReadThenWrite, Customers)); // the session is as good as before
    }

    [Theory]
    [WarehouseData]
    public async Task A_statement_that_takes_too_long_is_ended(WarehouseKind kind)
    {
        _host.Settings["Sources:StatementTimeout"] = "00:00:01";
        Open(kind);
        await using var session = await SessionAsync(SessionMode.Read);
        var model = kind == WarehouseKind.DuckDb
            ? "SELECT count(*) AS \"ID\" FROM range(1000000000) a, range(1000000) b WHERE (a.range * b.range) % 7 = 3"
            : "SELECT pg_sleep(600) AS \"ID\"";
        var failure = Assert.Throws<WarehouseException>(() => Read(session, SessionMode.Read, model));
        Assert.Equal("timeout", failure.Reason);
    }

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        _warehouse?.Dispose();
    }

    /// <summary>Reads a model as previews and syncs do; the number of its rows.</summary>
    private static long Read(WarehouseSession session, SessionMode mode, string model)
    {
        var query = new SourceQuery(null, null, model);
        var columns = session.Describe(query, Cancel);
        return mode == SessionMode.Read
            ? session.Count($"SELECT count(*) FROM {session.From(query)}", Cancel)
            : session.Count($"SELECT count(*) FROM {session.Copy(query, [.. columns.Select(c => c.Name)], Cancel)}", Cancel);
    }

    private void Open(WarehouseKind kind)
    {
        _warehouse = new TestWarehouse(_host, kind);
        _warehouse.Run("""
            CREATE TABLE customers ("ID" bigint, "EMAIL" varchar(200));
            INSERT INTO customers VALUES (1, 'ada@example.com'), (2, 'grace@example.com');
            CREATE SEQUENCE numbers
            """);
    }

    private Task<WarehouseSession> SessionAsync(SessionMode mode) => _warehouse!.OpenAsync(mode, Cancel);
}
