using IterableAudience.Warehouses;
using Xunit;

namespace IterableAudience.Tests.Warehouses;

/// <summary>Some functions of DuckDB do more than read. A source can't call them: not by itself, and not through a view or a macro of its file.</summary>
public sealed class DuckDbCallsTests : IAsyncDisposable
{
    private readonly TestHost _host = new();
    private readonly TestWarehouse _warehouse;

    public DuckDbCallsTests()
    {
        _warehouse = new TestWarehouse(_host, WarehouseKind.DuckDb);
        _warehouse.Run("""
            CREATE TABLE customers ("ID" bigint, "EMAIL" varchar(200));
            INSERT INTO customers VALUES (1, 'ada@example.com'), (2, 'grace@example.com');
            CREATE SEQUENCE numbers;
            CREATE SCHEMA crm;
            CREATE VIEW crm.good AS SELECT * FROM customers;
            CREATE VIEW "an AS (odd) ""name" ("K", "an AS") AS WITH c AS (SELECT * FROM customers) SELECT * FROM c;
            CREATE MACRO one(id) AS TABLE SELECT * FROM customers WHERE "ID" <= id;
            CREATE MACRO at_home(id) AS id + 0, (id, more) AS id + more;
            CREATE VIEW calls AS SELECT 1 AS "ID" WHERE EXISTS (FROM enable_logging(storage := 'stdout'));
            CREATE VIEW crm.good_too AS SELECT "ID" FROM calls;
            CREATE VIEW "calls AS (odd) ""name" ("ID") AS SELECT * FROM crm.good_too;
            CREATE MACRO calling() AS TABLE SELECT * FROM enable_logging();
            CREATE MACRO read_text(path) AS TABLE SELECT * FROM enable_logging(storage := 'stdout');
            CREATE MACRO telling(id) AS write_log('told');
            CREATE TABLE query ("ID" bigint)
            """);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("SELECT * FROM enable_logging(storage := 'file', storage_path := '{root}/logs')", "enable_logging")]
    [InlineData("SELECT * FROM Enable_Logging(storage := 'stdout')", "enable_logging")]
    [InlineData("FROM system.main.enable_logging()", "enable_logging")]
    [InlineData("SELECT * FROM enable_profiling(format := 'json', save_location := '{root}/profile.json')", "enable_profiling")]
    [InlineData("SELECT * FROM disable_logging()", "disable_logging")]
    [InlineData("SELECT * FROM truncate_duckdb_logs()", "truncate_duckdb_logs")]
    [InlineData("SELECT * FROM checkpoint('shop')", "checkpoint")]
    [InlineData("SELECT * FROM force_checkpoint()", "force_checkpoint")]
    [InlineData("SELECT * FROM query('SELECT * FROM enable_logging()')", "query")]
    [InlineData("SELECT * FROM query_table('customers')", "query_table")]
    [InlineData("SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT * FROM enable_logging()'))", "json_execute_serialized_sql")]
    [InlineData("SELECT json_serialize_plan('SELECT * FROM enable_logging()')", "json_serialize_plan")]
    [InlineData("SELECT write_log('told', level := 'error') FROM customers", "write_log")]
    [InlineData("SELECT \"ID\" FROM customers WHERE nextval('numbers') > 0", "nextval")]
    [InlineData("WITH c AS (SELECT * FROM customers WHERE \"ID\" IN (SELECT 1 FROM enable_logging())) SELECT * FROM c", "enable_logging")]
    [InlineData("WITH RECURSIVE c AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM c, enable_logging() WHERE n < 3) SELECT * FROM c", "enable_logging")]
    [InlineData("SELECT * FROM customers, LATERAL (SELECT * FROM enable_logging()) l", "enable_logging")]
    [InlineData("SELECT * FROM customers LEFT JOIN (enable_logging() CROSS JOIN customers c) ON true", "enable_logging")]
    [InlineData("SELECT * FROM customers UNION ALL (SELECT 1, 'a' FROM enable_logging() LIMIT 1)", "enable_logging")]
    [InlineData("SELECT * FROM (PIVOT (FROM enable_logging()) ON Success IN (true, false) USING count(*))", "enable_logging")]
    [InlineData("SELECT * FROM (DESCRIBE SELECT * FROM enable_logging())", "enable_logging")]
    [InlineData("SUMMARIZE SELECT * FROM enable_logging()", "enable_logging")]
    [InlineData("SELECT list_transform([1], x -> (SELECT 1 FROM enable_logging()))", "enable_logging")]
    [InlineData("SELECT \"ID\" FROM customers ORDER BY (SELECT 1 FROM enable_logging())", "enable_logging")]
    [InlineData("SELECT \"ID\" FROM customers QUALIFY row_number() OVER (ORDER BY (SELECT 1 FROM enable_logging())) = 1", "enable_logging")]
    [InlineData("VALUES ((SELECT 1 FROM enable_logging()))", "enable_logging")]
    [InlineData("SELECT * FROM calls", "enable_logging")]
    [InlineData("SELECT * FROM crm.good_too", "enable_logging")]
    [InlineData("SELECT * FROM \"calls AS (odd) \"\"name\"", "enable_logging")]
    [InlineData("SELECT * FROM calling()", "enable_logging")]
    [InlineData("SELECT * FROM shop.main.calling()", "enable_logging")]
    [InlineData("SELECT * FROM read_text('{root}/people.csv')", "enable_logging")]
    [InlineData("SELECT telling(\"ID\") FROM customers", "write_log")]
    public async Task What_does_more_than_read_is_refused_before_it_does_it(string model, string function)
    {
        foreach (var mode in new[] { SessionMode.Read, SessionMode.ReadThenWrite })
        {
            await using var session = await _warehouse.OpenAsync(mode, Cancel);
            var failure = Assert.Throws<WarehouseException>(() => session.Describe(new(null, null, model.Replace("{root}", _warehouse.Root, StringComparison.Ordinal)), Cancel));
            Assert.Equal(WarehouseException.InvalidQuery, failure.Reason);
            Assert.Equal($"The source calls the function {function}, which it may not: a source may select from tables and from functions that only read, such as read_csv.", failure.Message);
            Assert.Equal(["0"], session.List("SELECT CAST(current_setting('enable_logging') AS varchar)", r => r.Text(0), Cancel));
        }

        Assert.Equal(["shop.duckdb"], Directory.EnumerateFileSystemEntries(_warehouse.Root).Select(Path.GetFileName));
        Assert.Equal(["1"], _warehouse.Rows("SELECT nextval('numbers')"));
    }

    [Fact]
    public async Task A_view_that_does_more_than_read_is_refused_as_a_table_too()
    {
        await using var session = await _warehouse.OpenAsync(SessionMode.Read, Cancel);
        foreach (var (schema, table) in new[] { ("main", "calls"), ("crm", "good_too"), ("main", "calls AS (odd) \"name") })
        {
            Assert.Contains("enable_logging", Assert.Throws<WarehouseException>(() => session.Describe(new(schema, table, null), Cancel)).Message, StringComparison.Ordinal);
        }

        Assert.Equal(["K", "an AS"], session.Describe(new("main", "an AS (odd) \"name", null), Cancel).Select(c => c.Name));
    }

    /// <summary>Macros of the file stand before DuckDB's own functions: not where the service asks what a source calls, nor where it counts.</summary>
    [Fact]
    public async Task A_macro_with_the_name_of_a_function_hides_nothing()
    {
        _warehouse.Run("""
            CREATE MACRO concat(a, b) AS 'SELECT 1';
            CREATE MACRO lower(a) AS 'another';
            CREATE MACRO json_serialize_sql(a) AS '{"error":false,"statements":[{}]}';
            CREATE MACRO count_star() AS 7;
            CREATE MACRO duckdb_functions() AS TABLE SELECT 1 AS nothing;
            CREATE MACRO duckdb_columns() AS TABLE SELECT 1 AS nothing;
            CREATE MACRO evil() AS (SELECT 1 FROM enable_logging(storage := 'stdout'));
            CREATE MACRO enable_logging() AS TABLE SELECT 1
            """);
        foreach (var model in new[] { "SELECT evil()", "SELECT telling(1)", "SELECT * FROM system.main.enable_logging()", "SELECT 1; DROP TABLE customers" })
        {
            await using var session = await _warehouse.OpenAsync(SessionMode.Read, Cancel);
            Assert.Throws<WarehouseException>(() => session.Describe(new(null, null, model), Cancel));
        }

        await using var copying = await _warehouse.OpenAsync(SessionMode.ReadThenWrite, Cancel);
        Assert.Equal(2, copying.Columns("main", "customers", Cancel).Count);
        Assert.Equal(2, copying.Count($"SELECT count(*) FROM {copying.Copy(new("main", "customers", null), ["ID"], Cancel)}", Cancel));
    }

    [Theory]
    [InlineData("SELECT * FROM crm.good")]
    [InlineData("SELECT * FROM \"an AS (odd) \"\"name\"")]
    [InlineData("SELECT * FROM one(2)")]
    [InlineData("SELECT at_home(\"ID\"), at_home(\"ID\", 1) FROM customers")]
    [InlineData("SELECT * FROM '{root}/people.csv'")]
    [InlineData("FROM read_csv(getvariable('root') || '/people.csv')")]
    [InlineData("SELECT * FROM read_csv_auto('{root}/people.csv') WHERE random() >= 0 AND now() > '2000-01-01'")]
    [InlineData("SELECT * FROM read_parquet('{root}/*.parquet')")]
    [InlineData("SELECT * FROM '{root}/people.parquet'")]
    [InlineData("SELECT * FROM read_json('{root}/people.json')")]
    [InlineData("SELECT * FROM read_ndjson_objects('{root}/people.json')")]
    [InlineData("SELECT file FROM glob('{root}/people.*') WHERE file NOT LIKE '%.csv'")]
    [InlineData("SELECT * FROM range(2)")]
    [InlineData("SELECT unnest([1, 2])")]
    [InlineData("SELECT u.v FROM (SELECT [1, 2] AS l), unnest(l) AS u(v)")]
    [InlineData("SELECT j.value FROM json_each('[1, 2]') j")]
    [InlineData("SELECT count(*) FILTER (g > 0), g FROM generate_series(1, 2) s(g) GROUP BY g")]
    public async Task What_reads_runs(string model)
    {
        await File.WriteAllTextAsync(Path.Combine(_warehouse.Root, "people.csv"), "ID,EMAIL\n1,ada@example.com\n2,grace@example.com\n", Cancel);
        await File.WriteAllTextAsync(Path.Combine(_warehouse.Root, "people.json"), "{\"ID\":1}\n{\"ID\":2}\n", Cancel);
        _warehouse.Run($"COPY customers TO '{_warehouse.Root}/people.parquet' (FORMAT parquet)");
        await using var session = await _warehouse.OpenAsync(SessionMode.Read, Cancel);
        var query = new SourceQuery(null, null, model.Replace("{root}", _warehouse.Root, StringComparison.Ordinal));
        Assert.NotEmpty(session.Describe(query, Cancel));
        Assert.Equal(2, session.Count($"SELECT count(*) FROM {session.From(query)}", Cancel));
    }

    /// <summary>The parser takes more than a stack of ours would.</summary>
    [Fact]
    public async Task A_deep_query_is_looked_at_to_its_ground()
    {
        await using var session = await _warehouse.OpenAsync(SessionMode.Read, Cancel);
        var deep = string.Concat(Enumerable.Repeat("SELECT * FROM (", 200)) + "FROM enable_logging()" + new string(')', 200);
        Assert.Contains("enable_logging", Assert.Throws<WarehouseException>(() => session.Describe(new(null, null, deep), Cancel)).Message, StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        _warehouse.Dispose();
    }
}
