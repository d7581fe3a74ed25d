using System.Net;
using System.Text.Json.Nodes;
using IterableAudience.Simulator.Projects;
using IterableAudience.Tests.Stores;
using IterableAudience.Tests.Syncs;
using IterableAudience.Tests.Warehouses;
using Xunit;

namespace IterableAudience.Tests.Mirror;

/// <summary>
/// A service, a simulator, and a warehouse with a table <c>people ("PK", "EMAIL", "ID")</c> that a connection keeps a list equal to.
/// </summary>
internal sealed class MirrorHost : IAsyncDisposable
{
    private readonly string _account;

    private MirrorHost(SyncHost sync, TestWarehouse warehouse, string account, string source, Audience audience)
        => (Sync, Warehouse, _account, Source, Audience) = (sync, warehouse, account, source, audience);

    public SyncHost Sync { get; }

    public TestWarehouse Warehouse { get; }

    public string Account => _account;

    public string Source { get; }

    public Audience Audience { get; }

    public TestHost Host => Sync.Host;

    public string Members => Audience.Members;

    /// <summary>How often Iterable was asked for anything, by now.</summary>
    public int Requests => Audience.Requests.Count;

    public static async Task<MirrorHost> StartAsync(
        WarehouseKind kind, Way way, StoreKind store = StoreKind.Sqlite, string settings = "", SimulatedProjectType type = SimulatedProjectType.Hybrid, Action<SyncHost>? before = null)
    {
        var sync = new SyncHost(store);
        var warehouse = new TestWarehouse(sync.Host, kind);
        warehouse.Run("""CREATE TABLE people ("PK" varchar(100), "EMAIL" varchar(200), "ID" varchar(100))""");
        before?.Invoke(sync);
        await sync.InitializeAsync();
        var account = await warehouse.AccountAsync();
        var source = await SourceAsync(sync.Host, warehouse, account);
        var audience = await sync.AudienceAsync(type, Connected(source, way, settings));
        return new(sync, warehouse, account, source, audience);
    }

    /// <summary>Another connection of another source (or this one) to the same list.</summary>
    public async Task<Audience> SiblingAsync(string table, Way way)
        => await Audience.SiblingAsync(Connected(await SourceAsync(Host, Warehouse, Account, table), way, ""));

    public static string Connected(string source, Way way, string settings)
        => $$"""
            ,"sourceId":"{{source}}","syncSettings":{"syncLogsConfig":{"enabled":{{(way == Way.Snapshot ? "true" : "false")}}{{(settings.Contains('{', StringComparison.Ordinal) ? "}" + settings : settings + "}")}} }
            """;

    public static async Task<string> SourceAsync(TestHost host, TestWarehouse warehouse, string account, string table = "people")
        => (await host.PostAsync("/v2/retl-sources", $$$"""
            {"name":"People","sourceType":"table","sourceDefinitionName":"{{{warehouse.Name}}}","accountId":"{{{account}}}","config":{"primaryKey":"PK","schema":"{{{warehouse.Schema}}}","table":"{{{table}}}"}}
            """)).ShouldBe(HttpStatusCode.Created).Text("id");

    /// <summary>Replaces the table's rows; each is <c>key email userId</c>, a dash is null.</summary>
    public void Table(params string[] rows) => Fill("people", rows);

    public void Fill(string table, params string[] rows)
    {
        static string Value(string text) => text == "-" ? "NULL" : $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
        var values = string.Join(", ", rows.Select(r => $"({string.Join(", ", r.Split(' ').Select(Value))})"));
        Warehouse.Run($"DELETE FROM {table}; {(rows.Length == 0 ? "" : $"INSERT INTO {table} VALUES {values}")}");
    }

    /// <summary>Runs a sync of the source to its end.</summary>
    public Task<SyncResult> SyncAsync(string type = "incremental") => SyncAsync(Audience, type);

    public static async Task<SyncResult> SyncAsync(Audience audience, string type = "incremental") => await audience.EndOfAsync(await StartAsync(audience, type));

    public Task<string> StartAsync(string type = "incremental") => StartAsync(Audience, type);

    public static async Task<string> StartAsync(Audience audience, string type = "incremental")
        => (await audience.Host.PostAsync($"{audience.Url}/start", new JsonObject { ["syncType"] = type }.ToJsonString(), "operator")).ShouldBe(HttpStatusCode.OK).Text("syncId");

    public async Task<SyncResult> PlanAsync()
        => await Audience.EndOfAsync((await Host.PostAsync($"{Audience.Url}/plan", "{}", "operator")).ShouldBe(HttpStatusCode.OK).Text("syncId"));

    /// <summary>The rows of the newest snapshot table, as <c>key email userId change</c>.</summary>
    public List<string> Snapshot(string sync)
        => Warehouse.Rows($"""SELECT "PK", "EMAIL", "ID", rudder_operation_type FROM _rudderstack."snapshot_{Audience.Connection}_{sync}" ORDER BY 1""")
            .ConvertAll(r => r.Replace('|', ' '));

    public async ValueTask DisposeAsync()
    {
        await Sync.DisposeAsync();
        Warehouse.Dispose();
    }
}
