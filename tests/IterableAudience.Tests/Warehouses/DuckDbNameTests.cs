using IterableAudience.Warehouses;
using Xunit;

namespace IterableAudience.Tests.Warehouses;

/// <summary>A DuckDB file may have any name: one that DuckDB keeps for itself, one of its schemas, one with quotes.</summary>
public sealed class DuckDbNameTests : IAsyncDisposable
{
    private readonly TestHost _host = new();
    private TestWarehouse? _warehouse;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("main.duckdb")]
    [InlineData("Main.duckdb")]
    [InlineData("Temp.duckdb")]
    [InlineData("MEMORY.duckdb")]
    [InlineData("System.duckdb")]
    [InlineData("crm.duckdb")]
    [InlineData("_rudderstack.duckdb")]
    [InlineData("pg_catalog.duckdb")]
    [InlineData("an odd 'name'.duckdb")]
    [InlineData(".duckdb")]
    public async Task It_is_looked_through_read_and_written_to_whatever_its_name(string file)
    {
        _warehouse = new TestWarehouse(_host, WarehouseKind.DuckDb, file);
        _warehouse.Run("""
            CREATE SCHEMA crm; CREATE SCHEMA _rudderstack;
            CREATE TABLE crm.people ("PK" varchar, "EMAIL" varchar); INSERT INTO crm.people VALUES ('1', 'ada@example.com');
            CREATE TABLE people ("K" varchar)
            """);
        foreach (var mode in new[] { SessionMode.Read, SessionMode.ReadThenWrite })
        {
            await using var session = await _warehouse.OpenAsync(mode, Cancel);
            Assert.Equal(["_rudderstack", "crm", "main"], session.Schemas(Cancel));
            Assert.Equal(["people"], session.Tables("crm", Cancel).Select(t => t.Name));
            Assert.Equal(["PK", "EMAIL"], session.Columns("crm", "people", Cancel).Select(c => c.Name));
            Assert.Equal(["K"], session.Describe(new("main", "people", null), Cancel).Select(c => c.Name));
            Assert.Equal(["K"], session.Describe(new(null, null, "SELECT * FROM people"), Cancel).Select(c => c.Name));
            var query = new SourceQuery("crm", "people", null);
            Assert.Equal(["PK", "EMAIL"], session.Describe(query, Cancel).Select(c => c.Name));
            if (mode == SessionMode.ReadThenWrite)
            {
                Assert.True(session.TryPrepareSchema("_rudderstack", Cancel));
                var copied = session.Copy(query, ["PK", "EMAIL"], Cancel);
                session.Run($"CREATE TABLE {session.Quote("_rudderstack", "made")} AS SELECT * FROM {copied}", Cancel);
                Assert.Equal(["c0", "c1"], session.Columns("_rudderstack", "made", Cancel).Select(c => c.Name));
            }
        }

        Assert.Equal(["1|ada@example.com"], _warehouse.Rows("SELECT * FROM its_file._rudderstack.made"));
    }

    /// <summary>What DuckDB can't read is not taken for a file that somebody else has open, because of its name.</summary>
    [Fact]
    public async Task A_broken_file_is_not_taken_for_a_locked_one()
    {
        _warehouse = new TestWarehouse(_host, WarehouseKind.DuckDb, "blocks.duckdb");
        await File.WriteAllTextAsync(Path.Combine(_warehouse.Root, "blocks.duckdb"), new string('x', 20_000), Cancel);
        var answer = await _host.PostAsync($"/v2/accounts/{await _warehouse.AccountAsync()}/test", "{}");
        Assert.Equal(("unreachable", "A file of the source can't be read"), (answer.Text("reason"), answer.Text("detail")[..34]));
    }

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        _warehouse?.Dispose();
    }
}
