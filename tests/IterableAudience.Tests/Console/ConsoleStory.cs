using System.Net;
using System.Text.Json.Nodes;
using IterableAudience.Console;
using IterableAudience.Simulator.Api;
using IterableAudience.Simulator.Faults;
using IterableAudience.Simulator.Projects;
using IterableAudience.Store;
using IterableAudience.Tests.Faults;
using IterableAudience.Tests.Stores;
using IterableAudience.Tests.Syncs;
using IterableAudience.Tests.Warehouses;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Xunit;
using Audience = IterableAudience.Tests.Syncs.Audience;

namespace IterableAudience.Tests.Console;

/// <summary>
/// A service in which something has happened, so that every page has something to show: pushes good and bad, a dry run, a held plan, a comparison, a
/// connection that reads a warehouse, a draft of another one. For the tests of a class: <c>IClassFixture&lt;ConsoleStory&gt;</c>.
/// </summary>
public sealed class ConsoleStory : IAsyncLifetime
{
    /// <summary>What a viewer may not see: addresses, user ids and keys of people.</summary>
    internal static readonly string[] People =
    [
        "ada.lovelace@example.com", "user-of-ada", "key-of-ada", "record-of-ada", "grace.hopper@example.com", "user-of-grace", "key-of-grace",
        "alan.turing@example.com", "user-of-alan", "key-of-alan", "edsger at people", "key-of-edsger", "radia.perlman@example.com", "user-of-radia", "key-of-radia",
        "stranger.danger@example.com", "user-of-stranger",
    ];

    internal const string MarkOfUserIds = """<b onclick=x>'&"</b>""";

    private const string Guard = ""","syncSettings":{"guard":{"enabled":true,"maxRemovalPercent":50,"minRemovals":2}}""";
    private readonly string _mark;
    private readonly StoreKind _store;

    public ConsoleStory()
        : this("")
    {
    }

    /// <param name="mark">A part of every name.</param>
    /// <param name="store">Where the service keeps all of it.</param>
    internal ConsoleStory(string mark, StoreKind store = StoreKind.Sqlite) => (_mark, _store) = (mark, store);

    internal SyncHost Sync { get; private set; } = null!;

    internal TestHost Host => Sync.Host;

    /// <summary>Of pushed records.</summary>
    internal Audience Audience { get; private set; } = null!;

    /// <summary>Reads the warehouse.</summary>
    internal Audience Reader { get; private set; } = null!;

    internal string Account { get; private set; } = "";

    internal string Completed { get; private set; } = "";

    internal string Failed { get; private set; } = "";

    internal string Planned { get; private set; } = "";

    internal string Held { get; private set; } = "";

    internal string Draft { get; private set; } = "";

    internal string Connection => $"/connections/{Audience.Connection}";

    /// <summary>Pages that no link leads to, or not from everywhere.</summary>
    internal IReadOnlyList<string> Seeds { get; private set; } = [];

    internal string Table => "people" + _mark;

    /// <summary>A user id is short, and printable ASCII.</summary>
    private string UserIdMark => _mark.Length == 0 ? "" : MarkOfUserIds;

    public async ValueTask InitializeAsync()
    {
        Sync = new SyncHost(_store);
        Host.Settings["Serilog:MinimumLevel:Default"] = "Debug"; // what an operator does to find out what is wrong
        using var warehouse = new TestWarehouse(Host, WarehouseKind.DuckDb);
        warehouse.Run($"""
            CREATE TABLE {Quoted(Table)} ("PK" varchar, {Quoted("EMAIL" + _mark)} varchar, "ID" varchar);
            INSERT INTO {Quoted(Table)} VALUES ({Text("key-of-radia" + _mark)}, 'radia.perlman@example.com', {Text("user-of-radia" + UserIdMark)}), ('2', {Text(_mark)}, NULL)
            """);
        await Sync.InitializeAsync();
        var project = Sync.World.AddProject(new ProjectOptions { Id = 77, Name = "P77", Type = SimulatedProjectType.Hybrid, Keys = { ["api-key-77"] = KeyType.ServerSide } });
        Account = await MadeAsync("/v2/accounts", new()
        {
            ["name"] = "Project" + _mark,
            ["accountDefinitionName"] = "DESTINATION_ITERABLE_AUDIENCE_API_KEY",
            ["options"] = new JsonObject { ["dataCenter"] = "US", ["projectType"] = "hybrid" },
            ["secret"] = new JsonObject { ["apiKey"] = "api-key-77" },
        });
        var destination = await MadeAsync("/v2/destinations", new()
        {
            ["name"] = "Destination" + _mark, ["type"] = "ITERABLE_AUDIENCE", ["enabled"] = true, ["config"] = new JsonObject { ["rudderAccountId"] = Account },
        });
        await MadeAsync("/v2/tokens", new() { ["name"] = "Token" + _mark, ["role"] = "viewer" });
        var list = project.AddList("List" + _mark, description: "Description" + _mark).Id;
        Audience = await Sync.ConnectAsync(project, Account, destination, list, Guard);
        await Host.PutAsync($"{Audience.Url}/external-id", new JsonObject { ["externalId"] = "external" + _mark }.ToJsonString());
        await PushAsync();
        await ReadAsync(project, destination, warehouse);
        var other = await Sync.ConnectAsync(project, Account, destination, project.AddList("Paused" + _mark).Id);
        (await Host.PutAsync(other.Url, """{"enabled":false}""")).ShouldBe(HttpStatusCode.OK);
        var comparison = await CompareAsync(project);
        Draft = await DraftAsync();
        string[] steps = ["source", "destination", "list", "people", "map", "schedule", "settings", "review"];
        Seeds =
        [
            "/", "/people", "/sign-in", $"{Connection}/reconcile/{comparison}", .. new[] { Completed, Failed, Planned, Held }.Select(s => $"{Connection}/syncs/{s}"),
            .. steps.Select(s => $"/connections/new/{Draft}/{s}"),
        ];
    }

    public ValueTask DisposeAsync() => Sync.DisposeAsync();

    private static string Quoted(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static string Text(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    private async Task<string> MadeAsync(string path, JsonObject what)
    {
        var answer = (await Host.PostAsync(path, what.ToJsonString())).ShouldBe(HttpStatusCode.Created);
        return path == "/v2/destinations" ? answer.Text("destination.id") : answer.Text("id");
    }

    private async Task PushAsync()
    {
        var completed = await Audience.PushAsync(
            Row.Of("insert", "key-of-ada" + _mark, "ada.lovelace@example.com", "user-of-ada" + UserIdMark, "record-of-ada" + _mark),
            Row.Insert("key-of-grace" + _mark, "grace.hopper@example.com", "user-of-grace" + UserIdMark),
            Row.Insert("key-of-alan" + _mark, "alan.turing@example.com", "user-of-alan" + UserIdMark),
            Row.Insert("key-of-edsger" + _mark, "edsger at people" + _mark),
            $$"""{"action":{{JsonValue.Create("insert" + _mark).ToJsonString()}} }""");
        Assert.Equal("subscribed 3, rejected 2", completed.Outcomes);
        Completed = completed.Id;
        Audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 400, Times = 0, ContentType = "text/html", Body = "<p>wrong</p>" + _mark, On = new() { Kind = CallKind.Subscribe } });
        Failed = (await Audience.PushAsync(Row.Insert("key-of-radia" + _mark, "radia.perlman@example.com", "user-of-radia" + UserIdMark))).Id;
        Sync.World.Faults.Clear();
        Planned = (await Audience.PushAsync("dryRun=true", [Row.Insert("key-of-radia" + _mark, "radia.perlman@example.com", "user-of-radia" + UserIdMark)])).Id;
        var held = await Audience.PushAsync(Row.Delete("key-of-ada" + _mark), Row.Delete("key-of-grace" + _mark));
        Assert.Equal("held", held.Outcome);
        Held = held.Id;
    }

    private async Task ReadAsync(SimulatedProject project, string destination, TestWarehouse warehouse)
    {
        var source = await MadeAsync("/v2/retl-sources", new()
        {
            ["name"] = "Source" + _mark,
            ["sourceType"] = "table",
            ["sourceDefinitionName"] = warehouse.Name,
            ["accountId"] = await MadeAsync("/v2/accounts", new() { ["name"] = "Warehouse" + _mark, ["accountDefinitionName"] = "SOURCE_DUCKDB", ["options"] = new JsonObject { ["path"] = "shop.duckdb" } }),
            ["config"] = new JsonObject { ["primaryKey"] = "PK", ["schema"] = warehouse.Schema, ["table"] = Table },
        });
        Reader = await Sync.ConnectAsync(project, Account, destination, project.AddList("Read" + _mark).Id, $",\"sourceId\":\"{source}\"");
        var mapping = new JsonArray(new JsonObject { ["from"] = "EMAIL" + _mark, ["to"] = "email" }, new JsonObject { ["from"] = "ID", ["to"] = "userId" });
        (await Host.PutAsync(Reader.Url, new JsonObject { ["identifiers"] = mapping }.ToJsonString())).ShouldBe(HttpStatusCode.OK);
        await Reader.EndOfAsync((await Host.PostAsync($"{Reader.Url}/start", "{}")).ShouldBe(HttpStatusCode.OK).Text("syncId"));
    }

    private async Task<string> CompareAsync(SimulatedProject project)
    {
        project.AddUser("stranger.danger@example.com", "user-of-stranger" + UserIdMark, listIds: Audience.List);
        var id = (await Host.PostAsync($"{Audience.Url}/reconcile")).ShouldBe(HttpStatusCode.Accepted).Text("reconcileId");
        await Until.AsyncIs("comparison", async () => (await Host.GetAsync($"{Audience.Url}/reconcile/{id}")).Text("status"), s => s == "completed");
        return id;
    }

    /// <summary>A connection of the warehouse's table, as it is when it was set up to its last step, with the mark in all that can be typed.</summary>
    private async Task<string> DraftAsync()
    {
        using var admin = await ConsoleClient.SignInAsync(Host);
        return await DraftAsync(admin);
    }

    /// <summary>The same, of somebody, and with some fields as they are given.</summary>
    internal async Task<string> DraftAsync(ConsoleClient admin, params (string Name, string Value)[] more)
    {
        var id = (await admin.GetAsync("/connections/new")).LeadsTo.Split('/')[3];
        var warehouse = (await Host.GetAsync("/v2/accounts")).Json["data"]!.AsArray().Single(a => ((string)a!["name"]!).StartsWith("Warehouse", StringComparison.Ordinal))!;
        await using var scope = Host.Provider.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<StoreContext>();
        var draft = await db.Drafts.SingleAsync(d => d.Id == id, TestContext.Current.CancellationToken);
        var fields = FormFields.Parse(draft.FieldsJson);
        (string Name, string Value)[] filled =
        [
            ("source.kind", "new"), ("source.accountId", (string)warehouse["id"]!), ("source.sourceType", "table"), ("source.config.schema", "main"), ("source.config.table", Table),
            ("source.config.primaryKey", "PK"), ("source.name", "Another source" + _mark), ("source.config.sql", "</textarea>" + _mark),
            ("destination.kind", "new"), ("destination.name", "Another destination" + _mark), ("destination.accountId", Account),
            ("list.kind", "create"), ("list.name", "Another list" + _mark), ("list.description", "Another description" + _mark), ("list.search", "List"),
            ("map.email", "EMAIL" + _mark), ("map.userId", "ID"), ("schedule.type", "cron"), ("schedule.cronExpression", "0 6 * * *" + _mark), ("schedule.startingAt", "at" + _mark),
            ("syncSettings.guard.maxRemovalPercent", "20" + _mark), ("reached", "7"),
            .. more,
        ];
        foreach (var (name, value) in filled)
        {
            fields[name] = value;
        }

        draft.FieldsJson = fields.ToJson();
        await db.SaveChangesAsync(TestContext.Current.CancellationToken);
        return id;
    }
}
