using System.Net;
using System.Text.Json.Nodes;
using IterableAudience.Tests.Stores;
using IterableAudience.Tests.Warehouses;
using Xunit;

namespace IterableAudience.Tests.Sources;

public sealed class SourceTests : IAsyncDisposable
{
    private TestHost _host = new();
    private TestWarehouse? _warehouse;

    [Theory]
    [StoreData]
    public async Task A_source_can_be_made_read_changed_and_deleted(StoreKind store)
    {
        var account = await OpenAsync(store);
        var made = (await _host.PostAsync("/v2/retl-sources", Table(account))).ShouldBe(HttpStatusCode.Created);
        var id = made.Text("id");
        Assert.DoesNotContain("_", id, StringComparison.Ordinal);
        Assert.Equal("""{"primaryKey":"ID","schema":"main","table":"customers"}""", made.At("config")!.ToJsonString());
        Assert.True((bool)made.At("enabled")!);
        Assert.Equal(made.Body, (await _host.GetAsync($"/v2/retl-sources/{id}")).Body);

        var changed = (await _host.PutAsync($"/v2/retl-sources/{id}", """{"name":"People","enabled":false,"config":{"primaryKey":"ID","schema":"main","table":"people","sql":null}}""")).ShouldBe(HttpStatusCode.OK);
        Assert.Equal("People", changed.Text("name"));
        Assert.Equal("people", changed.Text("config.table"));
        Assert.False((bool)changed.At("enabled")!);
        Assert.Equal("customers-of-ours", (await _host.PutAsync($"/v2/retl-sources/{id}/external-id", """{"externalId":"customers-of-ours"}""")).Text("externalId"));

        var other = (await _host.PostAsync("/v2/retl-sources", Model(account))).ShouldBe(HttpStatusCode.Created).Text("id");
        var all = await _host.GetAsync("/v2/retl-sources?page=1&pageSize=1");
        Assert.Equal(2, (int)all.At("paging.total")!);
        Assert.Equal(id, (string)all.At("data")!.AsArray().Single()!["id"]!);
        Assert.NotNull(all.At("paging.next"));
        Assert.Equal(other, (string)(await _host.GetAsync("/v2/retl-sources?hasExternalId=false")).At("data")!.AsArray().Single()!["id"]!);

        (await _host.DeleteAsync($"/v2/accounts/{account}")).ShouldBeProblem(HttpStatusCode.Conflict, "in use");
        (await _host.DeleteAsync($"/v2/retl-sources/{id}")).ShouldBe(HttpStatusCode.NoContent);
        (await _host.GetAsync($"/v2/retl-sources/{id}")).ShouldBeProblem(HttpStatusCode.NotFound, "source");
        (await _host.DeleteAsync($"/v2/retl-sources/{other}")).ShouldBe(HttpStatusCode.NoContent);
        (await _host.DeleteAsync($"/v2/accounts/{account}")).ShouldBe(HttpStatusCode.NoContent);
    }

    [Fact]
    public async Task Every_fault_is_named_at_once()
    {
        var account = await OpenAsync(StoreKind.Sqlite);
        (await _host.PostAsync("/v2/retl-sources", "{}")).ShouldRefuse("name", "sourceType", "sourceDefinitionName", "accountId", "config");
        (await _host.PostAsync("/v2/retl-sources", """{"name":"A","sourceType":"table","sourceDefinitionName":"oracle","accountId":"x","config":{"sql":"SELECT 1"}}"""))
            .ShouldRefuse("sourceDefinitionName", "config.primaryKey", "config.schema", "config.table", "config.sql");
        (await _host.PostAsync("/v2/retl-sources", """{"name":"A","sourceType":"model","sourceDefinitionName":"duckdb","accountId":"x","config":{"primaryKey":"ID","table":"t"}}"""))
            .ShouldRefuse("config.sql", "config.table");
        (await _host.PostAsync("/v2/retl-sources", Table("nobody"))).ShouldRefuse("accountId");
        (await _host.PostAsync("/v2/retl-sources", Table(account).Replace("\"duckdb\"", "\"postgres\"", StringComparison.Ordinal))).ShouldRefuse("accountId");
    }

    [Fact]
    public async Task Type_and_kind_of_warehouse_stay_as_they_are()
    {
        var account = await OpenAsync(StoreKind.Sqlite);
        var id = (await _host.PostAsync("/v2/retl-sources", Table(account))).Text("id");
        (await _host.PutAsync($"/v2/retl-sources/{id}", """{"sourceType":"model","config":{"primaryKey":"ID","sql":"SELECT 1"}}""")).ShouldRefuse("sourceType");
        (await _host.PutAsync($"/v2/retl-sources/{id}", """{"sourceDefinitionName":"postgres"}""")).ShouldRefuse("sourceDefinitionName");
        (await _host.PutAsync($"/v2/retl-sources/{id}", """{"accountId":"nobody"}""")).ShouldRefuse("accountId");
        (await _host.PutAsync("/v2/retl-sources/none", "{}")).ShouldBeProblem(HttpStatusCode.NotFound, "source");
    }

    [Theory]
    [WarehouseData]
    public async Task A_preview_shows_rows_and_what_validation_would_say_of_them(WarehouseKind kind)
    {
        var account = await OpenAsync(StoreKind.Sqlite, kind);
        var id = (await _host.PostAsync("/v2/retl-sources/preview", $$"""
            {"accountId":"{{account}}","limit":10,"sql":"SELECT * FROM customers ORDER BY \"EMAIL\"","primaryKey":"id","identifiers":[{"from":"EMAIL","to":"email"},{"from":"CODE","to":"userId"}]}
            """, "operator")).ShouldBe(HttpStatusCode.OK).Text("id");
        var view = (await _host.GetAsync($"/v2/retl-sources/preview/{id}", "operator")).ShouldBe(HttpStatusCode.OK);
        Assert.Equal("", view.Text("error"));
        Assert.Equal("completed", view.Text("status"));
        Assert.Equal(["ID", "EMAIL", "CODE", "RAW"], view.At("columns")!.AsArray().Select(c => (string)c!["name"]!));
        Assert.Equal("""{"ID":"1","EMAIL":" Ada@Example.com","CODE":"u1","RAW":"…"}""", Unescaped(view.At("rows")![0]!));
        Assert.Equal(
            [
                """{"valid":true,"reason":null,"identifiers":{"email":"ada@example.com","userId":"u1"},"faults":{}}""",
                """{"valid":false,"reason":"null_primary_key","identifiers":{"email":"b@example.com"},"faults":{"userId":"identifier_missing"}}""",
                """{"valid":false,"reason":"duplicate_primary_key","identifiers":{"email":"c@example.com"},"faults":{"userId":"user_id_whitespace"}}""",
                """{"valid":false,"reason":"duplicate_primary_key","identifiers":{"userId":"u4"},"faults":{"email":"invalid_email"}}""",
            ],
            view.At("validation")!.AsArray().Select(v => v!.ToJsonString()));
        (await _host.GetAsync($"/v2/retl-sources/preview/{id}", "viewer")).ShouldBe(HttpStatusCode.Forbidden);
        Assert.DoesNotContain(_host.Logs.All, l => l.Contains("example.com", StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [WarehouseData("A_DAY", "EMAIL", "")]
    [WarehouseData("ID", "MAIL", "no column MAIL, which is the mapped column")]
    [WarehouseData("ID", "A_DAY", "can't be an identifier")]
    [WarehouseData("NR", "EMAIL", "no column NR, which is the primary key")]
    public async Task A_preview_takes_and_refuses_the_columns_that_a_sync_does(WarehouseKind kind, string key, string email, string says)
    {
        var account = await OpenAsync(StoreKind.Sqlite, kind);
        var id = (await _host.PostAsync("/v2/retl-sources/preview", $$"""
            {"accountId":"{{account}}","sql":"SELECT *, CAST('2026-01-31' AS date) AS \"A_DAY\" FROM customers","primaryKey":"{{key}}","identifiers":[{"from":"{{email}}","to":"email"},{"from":"CODE","to":"userId"}]}
            """)).ShouldBe(HttpStatusCode.OK).Text("id");
        var view = await _host.GetAsync($"/v2/retl-sources/preview/{id}");
        Assert.Equal(says.Length == 0 ? "completed" : "failed", view.Text("status"));
        Assert.Contains(says, view.Text("error"), StringComparison.Ordinal);
    }

    [Theory]
    [WarehouseData("SELECT nonsense FROM customers", "nonsense")]
    [WarehouseData("SELECT * FROM nowhere", "nowhere")]
    [WarehouseData("SELECT CAST(\"EMAIL\" AS integer) AS \"ID\" FROM customers", "")]
    [WarehouseData("SELECT 1; SELECT 2", "")]
    public async Task A_preview_that_fails_says_why_without_a_value(WarehouseKind kind, string sql, string says)
    {
        var account = await OpenAsync(StoreKind.Sqlite, kind);
        var body = new JsonObject { ["accountId"] = account, ["sql"] = sql };
        var id = (await _host.PostAsync("/v2/retl-sources/preview", body.ToJsonString())).ShouldBe(HttpStatusCode.OK).Text("id");
        var view = await _host.GetAsync($"/v2/retl-sources/preview/{id}");
        Assert.Equal("failed", view.Text("status"));
        Assert.Contains(says, view.Text("error"), StringComparison.Ordinal);
        Assert.NotEmpty(view.Text("error"));
        Assert.DoesNotContain("example.com", view.Body, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_preview_that_asks_for_too_much_is_refused()
    {
        var account = await OpenAsync(StoreKind.Sqlite);
        (await _host.PostAsync("/v2/retl-sources/preview", """{"limit":1000}""")).ShouldRefuse("accountId", "limit", "sql");
        (await _host.PostAsync("/v2/retl-sources/preview", """{"accountId":"none","sql":"SELECT 1"}""")).ShouldRefuse("accountId");
        (await _host.GetAsync("/v2/retl-sources/preview/none")).ShouldBeProblem(HttpStatusCode.NotFound, "preview");
        var id = (await _host.PostAsync("/v2/retl-sources/preview", $$"""{"accountId":"{{account}}","schema":"main","table":"customers"}""")).Text("id");
        Assert.Equal(4, (await _host.GetAsync($"/v2/retl-sources/preview/{id}")).At("rows")!.AsArray().Count);
    }

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        _warehouse?.Dispose();
    }

    private static string Unescaped(JsonNode node) => node.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    private static string Table(string account) => $$$"""
        {"name":"Customers","sourceType":"table","sourceDefinitionName":"duckdb","accountId":"{{{account}}}","config":{"primaryKey":"ID","schema":"main","table":"customers"}}
        """;

    private static string Model(string account) => $$$"""
        {"name":"Some","sourceType":"model","sourceDefinitionName":"duckdb","accountId":"{{{account}}}","enabled":true,"config":{"primaryKey":"ID","sql":"SELECT * FROM customers"}}
        """;

    private async Task<string> OpenAsync(StoreKind store, WarehouseKind kind = WarehouseKind.DuckDb)
    {
        if (store != StoreKind.Sqlite)
        {
            await _host.DisposeAsync();
            _host = new TestHost(store);
        }

        _warehouse = new TestWarehouse(_host, kind);
        _warehouse.Run($"""
            CREATE TABLE customers ("ID" bigint, "EMAIL" varchar(200), "CODE" varchar(20), "RAW" {(kind == WarehouseKind.DuckDb ? "blob" : "bytea")});
            INSERT INTO customers VALUES (1, ' Ada@Example.com', 'u1', '12'), (NULL, 'b@example.com', NULL, NULL), (3, 'c@example.com', ' u3', NULL), (3, 'd@@example.com', 'u4', NULL)
            """);
        return await _warehouse.AccountAsync();
    }
}
