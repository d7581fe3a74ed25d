using System.Net;
using IterableAudience.Tests.Syncs;
using IterableAudience.Tests.Warehouses;
using Xunit;

namespace IterableAudience.Tests.Mirror;

/// <summary>An account that leads to another warehouse brings other rows: nothing that was made of the old ones holds. A new password changes nothing.</summary>
public sealed class AccountChangeTests : IAsyncDisposable
{
    private MirrorHost _mirror = null!;

    [Theory]
    [MirrorData]
    public async Task Another_warehouse_makes_the_next_sync_full_and_ends_the_plans_of_the_old_one(WarehouseKind kind, Way way)
    {
        await StartAsync(kind, way);
        _mirror.Table("2 grace@example.org u2");
        var plan = await _mirror.PlanAsync();
        Assert.Equal("planned", plan.Outcome);

        await ReplaceAsync(Elsewhere);
        (await _mirror.Audience.ApproveAsync(plan)).ShouldBeProblem(HttpStatusCode.Conflict, "changed since");
        Assert.Equal("ada@example.com/u1", _mirror.Members);
        var sync = await _mirror.SyncAsync();
        Assert.Equal(("completed", "full"), (sync.Outcome, (string)sync.Json["syncType"]!));
        Assert.Equal("grace@example.org/u2", _mirror.Members);
        Assert.Equal("incremental", (string)(await _mirror.SyncAsync()).Json["syncType"]!);
    }

    [Theory]
    [MirrorData]
    public async Task Another_name_or_password_or_way_in_changes_nothing(WarehouseKind kind, Way way)
    {
        await StartAsync(kind, way);
        _mirror.Table("2 grace@example.org u2");
        var plan = await _mirror.PlanAsync();
        _mirror.Warehouse.Password = "another"; // the test's server asks for none
        await ReplaceAsync(json => json.Replace("\"Shop\"", "\"Renamed\"", StringComparison.Ordinal));
        Assert.Equal("completed", (await _mirror.Audience.ApprovedAsync(plan)).Outcome);
        Assert.Equal("grace@example.org/u2", _mirror.Members);
        var sync = await _mirror.SyncAsync();
        Assert.Equal(("incremental", ""), ((string)sync.Json["syncType"]!, sync.ReceivedCounts));

        // Nor does another way of speaking with the same server.
        await ReplaceAsync(json => json.Replace("\"disable\"", "\"prefer\"", StringComparison.Ordinal));
        Assert.Equal("incremental", (string)(await _mirror.SyncAsync()).Json["syncType"]!);
    }

    [Theory]
    [MirrorData]
    public async Task Another_account_and_another_query_make_the_next_sync_full(WarehouseKind kind, Way way)
    {
        await StartAsync(kind, way);
        var other = (await _mirror.Host.PostAsync("/v2/accounts", Elsewhere(_mirror.Warehouse.AccountJson("Other")))).ShouldBe(HttpStatusCode.Created).Text("id");
        (await _mirror.Host.PutAsync($"/v2/retl-sources/{_mirror.Source}", $$$"""{"accountId":"{{{other}}}"}""")).ShouldBe(HttpStatusCode.OK);
        Assert.Equal(("full", "incremental"), (await TypeAsync(_mirror.Audience), await TypeAsync(_mirror.Audience)));

        var model = (await _mirror.Host.PostAsync("/v2/retl-sources", Model(_mirror.Account, "> '0'"))).ShouldBe(HttpStatusCode.Created).Text("id");
        var audience = await _mirror.Audience.SiblingAsync(MirrorHost.Connected(model, way, ""));
        Assert.Equal(("full", "incremental"), (await TypeAsync(audience), await TypeAsync(audience)));
        (await _mirror.Host.PutAsync($"/v2/retl-sources/{model}", Model(_mirror.Account, "= '1'"))).ShouldBe(HttpStatusCode.OK);
        Assert.Equal(("full", "incremental"), (await TypeAsync(audience), await TypeAsync(audience)));

        static async Task<string> TypeAsync(Audience of)
        {
            var sync = await MirrorHost.SyncAsync(of);
            Assert.Equal("completed", sync.Outcome);
            return (string)sync.Json["syncType"]!;
        }

        string Model(string account, string where) => $$$"""
            {"name":"Model","sourceType":"model","sourceDefinitionName":"{{{_mirror.Warehouse.Name}}}","accountId":"{{{account}}}",
             "config":{"primaryKey":"PK","sql":"SELECT * FROM people WHERE \"PK\" {{{where}}}"}}
            """;
    }

    [Fact]
    public async Task A_name_that_is_taken_changes_nothing_at_all()
    {
        await StartAsync(WarehouseKind.DuckDb, Way.Ledger);
        await _mirror.Warehouse.AccountAsync("Other");
        (await _mirror.Host.PutAsync($"/v2/accounts/{_mirror.Account}", Elsewhere(_mirror.Warehouse.AccountJson("Other")))).ShouldBeProblem(HttpStatusCode.Conflict, "has this name");
        Assert.Equal("shop.duckdb", (await _mirror.Host.GetAsync($"/v2/accounts/{_mirror.Account}")).Text("options.path"));
        Assert.Equal("incremental", (string)(await _mirror.SyncAsync()).Json["syncType"]!);
    }

    public async ValueTask DisposeAsync() => await _mirror.DisposeAsync();

    private async Task StartAsync(WarehouseKind kind, Way way)
    {
        _mirror = await MirrorHost.StartAsync(kind, way);
        _mirror.Table("1 ada@example.com u1");
        Assert.Equal("completed", (await _mirror.SyncAsync()).Outcome);
    }

    private async Task ReplaceAsync(Func<string, string> change)
        => (await _mirror.Host.PutAsync($"/v2/accounts/{_mirror.Account}", change(_mirror.Warehouse.AccountJson("Shop")))).ShouldBe(HttpStatusCode.OK);

    /// <summary>The same rows by other options: a copy of the file, or another name of the server.</summary>
    private string Elsewhere(string account)
    {
        if (_mirror.Warehouse.Kind == WarehouseKind.DuckDb)
        {
            File.Copy(Path.Combine(_mirror.Warehouse.Root, "shop.duckdb"), Path.Combine(_mirror.Warehouse.Root, "copy.duckdb"));
        }

        return account.Replace("shop.duckdb", "copy.duckdb", StringComparison.Ordinal).Replace("\"127.0.0.1\"", "\"localhost\"", StringComparison.Ordinal);
    }
}
