using System.Net;
using System.Text.Json.Nodes;
using IterableAudience.Tests.Stores;
using Xunit;

namespace IterableAudience.Tests.Warehouses;

public sealed class BrowseTests : IAsyncDisposable
{
    private readonly TestHost _host = new();
    private TestWarehouse? _warehouse;

    [Theory]
    [WarehouseData]
    public async Task Schemas_tables_and_columns_can_be_looked_through(WarehouseKind kind)
    {
        var id = await ShopAsync(kind);
        var schemas = Names(await _host.GetAsync($"/v2/accounts/{id}/schemas", "viewer"));
        Assert.Contains("crm", schemas);
        Assert.Contains(_warehouse!.Schema, schemas);
        Assert.DoesNotContain(schemas, s => s.StartsWith("pg_", StringComparison.Ordinal) || s == "information_schema");

        var tables = (await _host.GetAsync($"/v2/accounts/{id}/schemas/crm/tables")).ShouldBe(HttpStatusCode.OK);
        Assert.Equal(["all people", "people"], Names(tables));
        Assert.Equal(["view", "table"], tables.At("data")!.AsArray().Select(t => (string)t!["type"]!));
        Assert.Equal(3, (long)tables.At("data")![1]!["rowEstimate"]!);

        var columns = (await _host.GetAsync($"/v2/accounts/{id}/schemas/crm/tables/all%20people/columns")).ShouldBe(HttpStatusCode.OK);
        Assert.Equal(["ID", "EMAIL", "seen", "raw"], Names(columns));
        Assert.Equal([true, true, false, false], columns.At("data")!.AsArray().Select(c => (bool)c!["identifiable"]!));
        Assert.All(columns.At("data")!.AsArray(), c => Assert.NotEmpty((string)c!["type"]!));
        Assert.Equal(4, (int)columns.At("paging.total")!);
        Assert.Empty(_host.Logs.Warnings);
    }

    [Theory]
    [WarehouseData]
    public async Task A_test_says_whether_the_warehouse_can_be_reached(WarehouseKind kind)
    {
        var id = await ShopAsync(kind);
        Assert.True((bool)(await _host.PostAsync($"/v2/accounts/{id}/test", "{}", "operator")).ShouldBe(HttpStatusCode.OK).At("ok")!);
    }

    [Fact]
    public async Task A_file_that_is_not_there_is_named_as_the_reason()
    {
        _warehouse = new TestWarehouse(_host, WarehouseKind.DuckDb);
        var id = await _warehouse.AccountAsync();
        var answer = await _host.PostAsync($"/v2/accounts/{id}/test", "{}");
        Assert.False((bool)answer.At("ok")!);
        Assert.Equal("not_found", answer.Text("reason"));
        Assert.Contains("Sources__DuckDb__Root", answer.Text("detail"), StringComparison.Ordinal);
        (await _host.GetAsync($"/v2/accounts/{id}/schemas")).ShouldBeProblem(HttpStatusCode.BadGateway, "DuckDB file");
    }

    [Fact]
    public async Task A_link_that_leads_out_of_the_folder_is_not_followed()
    {
        _warehouse = new TestWarehouse(_host, WarehouseKind.DuckDb);
        var outside = Path.Combine(_host.Folder, "outside.duckdb");
        await File.WriteAllTextAsync(outside, "", TestContext.Current.CancellationToken);
        File.CreateSymbolicLink(Path.Combine(_warehouse.Root, "shop.duckdb"), outside);
        var answer = await _host.PostAsync($"/v2/accounts/{await _warehouse.AccountAsync()}/test", "{}");
        Assert.Equal("access_denied", answer.Text("reason"));
        Assert.Contains("outside of the folder", answer.Text("detail"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/etc/passwd")]
    [InlineData("../shop.duckdb")]
    [InlineData("a/../../shop.duckdb")]
    [InlineData("..\\\\shop.duckdb")]
    public async Task A_path_out_of_the_folder_is_refused(string path)
        => (await _host.PostAsync("/v2/accounts", $$$"""{"name":"A","accountDefinitionName":"SOURCE_DUCKDB","options":{"path":"{{{path}}}"}}""")).ShouldRefuse("options.path");

    [PostgresFact]
    public async Task What_PostgreSQL_refuses_is_told_in_one_word_and_one_sentence()
    {
        _warehouse = new TestWarehouse(_host, WarehouseKind.Postgres);
        var good = _warehouse.AccountJson("Shop");
        foreach (var (what, reason) in new[] { (good.Replace("\"dbname\":\"", "\"dbname\":\"no", StringComparison.Ordinal), "not_found"), (good.Replace("\"user\":\"postgres\"", "\"user\":\"nobody\"", StringComparison.Ordinal), "access_denied") })
        {
            var id = (await _host.PostAsync("/v2/accounts", what.Replace("Shop", reason, StringComparison.Ordinal))).ShouldBe(HttpStatusCode.Created).Text("id");
            Assert.Equal(reason, (await _host.PostAsync($"/v2/accounts/{id}/test", "{}")).Text("reason"));
        }

        _warehouse.Port = 9;
        var away = await _host.PostAsync($"/v2/accounts/{await _warehouse.AccountAsync("Away")}/test", "{}");
        Assert.Equal("unreachable", away.Text("reason"));
        Assert.Contains("host, port", away.Text("detail"), StringComparison.Ordinal);
    }

    [Theory]
    [WarehouseData]
    public async Task What_is_not_there_is_not_found(WarehouseKind kind)
    {
        var url = $"/v2/accounts/{await ShopAsync(kind)}/schemas";
        _warehouse!.Run("CREATE SCHEMA hollow");
        (await _host.GetAsync($"{url}/crn/tables")).ShouldBeProblem(HttpStatusCode.NotFound, "schema");
        (await _host.GetAsync($"{url}/crm/tables/poeple/columns")).ShouldBeProblem(HttpStatusCode.NotFound, "table");
        Assert.Empty(Names(await _host.GetAsync($"{url}/hollow/tables")));
    }

    [Fact]
    public async Task An_Iterable_account_has_no_schemas()
    {
        var id = (await _host.PostAsync("/v2/accounts", """
            {"name":"A","accountDefinitionName":"DESTINATION_ITERABLE_AUDIENCE_API_KEY","options":{"dataCenter":"US","projectType":"hybrid"},"secret":{"apiKey":"k"}}
            """)).Text("id");
        (await _host.GetAsync($"/v2/accounts/{id}/schemas")).ShouldBeProblem(HttpStatusCode.BadRequest, "only warehouses");
        (await _host.GetAsync("/v2/accounts/none/schemas")).ShouldBeProblem(HttpStatusCode.NotFound, "account");
    }

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        _warehouse?.Dispose();
    }

    private async Task<string> ShopAsync(WarehouseKind kind)
    {
        _warehouse = new TestWarehouse(_host, kind);
        _warehouse.Run($"""
            CREATE TABLE customers ("ID" bigint);
            CREATE SCHEMA crm;
            CREATE TABLE crm.people ("ID" bigint, "EMAIL" varchar(200), seen timestamp, raw {(kind == WarehouseKind.DuckDb ? "blob" : "bytea")});
            INSERT INTO crm.people ("ID") VALUES (1), (2), (3);
            CREATE VIEW crm."all people" AS SELECT * FROM crm.people;
            {(kind == WarehouseKind.Postgres ? "ANALYZE crm.people" : "")}
            """);
        return await _warehouse.AccountAsync();
    }

    private static List<string> Names(Answer answer) => [.. answer.ShouldBe(HttpStatusCode.OK).At("data")!.AsArray().Select(d => (string)d!["name"]!)];
}
