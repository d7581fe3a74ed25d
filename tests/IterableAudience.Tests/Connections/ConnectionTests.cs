using System.Net;
using IterableAudience.Store;
using IterableAudience.Syncs;
using IterableAudience.Tests.Accounts;
using IterableAudience.Tests.Stores;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace IterableAudience.Tests.Connections;

public sealed class ConnectionTests : IAsyncDisposable
{
    private const string Both = """[{"from":"EMAIL","to":"email"},{"from":"ID","to":"userId"}]""";
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 30, 0, TimeSpan.Zero);
    private readonly ListServer _iterable = new();
    private TestHost _host = null!;

    [Theory]
    [StoreData]
    public async Task A_connection_has_the_documented_defaults(StoreKind store)
    {
        _host = _iterable.Host(store);
        var destination = await DestinationAsync();
        var made = (await _host.PostAsync("/v2/retl-connections", Body(destination, """{"audienceId":"1"}"""))).ShouldBe(HttpStatusCode.Created);
        Assert.Equal("""{"type":"manual"}""", made.At("schedule")!.ToJsonString());
        Assert.Equal("mirror", made.Text("syncBehaviour"));
        Assert.Equal("""{"audienceId":1,"updateExistingUsersOnly":false}""", made.At("destinationConfig")!.ToJsonString());
        Assert.Equal(
            """{"syncLogsConfig":{"enabled":true,"logRetentionInDays":30,"snapshotsToRetain":5},"failedKeysConfig":{"enableFailedKeysRetry":true},"guard":{"enabled":true,"maxRemovalPercent":50,"minRemovals":100},"unknownDeletes":"send"}""",
            made.At("syncSettings")!.ToJsonString());
        Assert.True((bool)made.At("enabled")!);
        Assert.Equal(0, (long)made.At("members")!);
        foreach (var nothing in new[] { "sourceId", "externalId", "nextRunAt", "lastSkippedAt", "lastSync" })
        {
            Assert.True(made.Json.AsObject().ContainsKey(nothing), nothing);
            Assert.Null(made.At(nothing));
        }

        Assert.Equal(made.Body, (await _host.GetAsync($"/v2/retl-connections/{made.Text("id")}", "viewer")).Body);
        Assert.Empty(_host.Logs.Warnings);
    }

    [Theory]
    [StoreData]
    public async Task A_list_is_made_with_the_connection(StoreKind store)
    {
        _host = _iterable.Host(store);
        var destination = await DestinationAsync();
        var body = Body(destination, """{"createList":{"name":"New","description":"d"}}""");
        Assert.Equal(100, (long)(await _host.PostAsync("/v2/retl-connections", body)).ShouldBe(HttpStatusCode.Created).At("destinationConfig.audienceId")!);
        var again = (await _host.PostAsync("/v2/retl-connections", body)).ShouldBeProblem(HttpStatusCode.Conflict, "100");
        Assert.Equal(100, (long)again.At("existingListId")!);
        Assert.Equal(1, _iterable.Count("New"));
        await using var db = Store();
        var connection = await db.Connections.SingleAsync(TestContext.Current.CancellationToken);
        Assert.InRange(connection.CreatedAt - connection.ListCreatedAt!.Value, TimeSpan.FromSeconds(-10), TimeSpan.FromSeconds(10));
    }

    [Theory]
    [StoreData(Only = StoreKind.Sqlite)] // a trigger in its words
    public async Task A_list_whose_connection_could_not_be_stored_is_named(StoreKind store)
    {
        _host = _iterable.Host(store);
        var destination = await DestinationAsync();
        await using (var db = Store())
        {
            await db.Database.ExecuteSqlRawAsync("CREATE TRIGGER trouble BEFORE INSERT ON connection BEGIN SELECT RAISE(ABORT, 'trouble'); END", TestContext.Current.CancellationToken);
        }

        var answer = (await _host.PostAsync("/v2/retl-connections", Body(destination, """{"createList":{"name":"New"}}"""))).ShouldBeProblem(HttpStatusCode.InternalServerError, "list 100");
        Assert.Equal(100, (long)answer.At("audienceId")!);
        await using (var db = Store())
        {
            await db.Database.ExecuteSqlRawAsync("DROP TRIGGER trouble", TestContext.Current.CancellationToken);
        }

        (await _host.PostAsync("/v2/retl-connections", Body(destination, """{"audienceId":100}"""))).ShouldBe(HttpStatusCode.Created);
    }

    [Theory]
    [StoreData]
    public async Task A_refused_connection_makes_no_list(StoreKind store)
    {
        _host = _iterable.Host(store);
        var destination = await DestinationAsync();
        (await _host.PostAsync("/v2/retl-connections", Body(destination, """{"createList":{"name":"New"}}""", "[{\"from\":\"EMAIL\",\"to\":\"email\"}]"))).ShouldRefuse("identifiers");
        Assert.Equal(0, _iterable.Count("New"));
        _iterable.Broken = true;
        (await _host.PostAsync("/v2/retl-connections", Body(destination, """{"createList":{"name":"New"}}"""))).ShouldBeProblem(HttpStatusCode.BadGateway, "Iterable");
        Assert.Equal(0, (int)(await _host.GetAsync("/v2/retl-connections")).At("paging.total")!);
    }

    [Theory]
    [InlineData("hybrid", """[{"from":"E","to":"email"}]""", "identifiers")]
    [InlineData("hybrid", """[{"from":"E","to":"email"},{"from":"F","to":"email"}]""", "identifiers")]
    [InlineData("hybrid", """[{"from":"","to":"mail"}]""", "identifiers[0].from", "identifiers[0].to")]
    [InlineData("email-based", """[{"from":"E","to":"email"},{"from":"I","to":"userId"}]""", "identifiers[1].to")]
    [InlineData("email-based", """[{"from":"I","to":"userId"}]""", "identifiers", "identifiers[0].to")]
    [InlineData("userId-based", """[{"from":"E","to":"email"}]""", "identifiers", "identifiers[0].to")]
    public async Task A_mapping_must_fit_the_project(string type, string identifiers, params string[] fields)
    {
        _host = _iterable.Host();
        (await _host.PostAsync("/v2/retl-connections", Body(await DestinationAsync(type), """{"audienceId":1}""", identifiers))).ShouldRefuse(fields);
    }

    [Theory]
    [InlineData("hybrid", "[]")]
    [InlineData("hybrid", Both)]
    [InlineData("email-based", """[{"from":"E","to":"email"}]""")]
    [InlineData("userId-based", """[{"from":"I","to":"userId"}]""")]
    public async Task These_mappings_fit(string type, string identifiers)
    {
        _host = _iterable.Host();
        (await _host.PostAsync("/v2/retl-connections", Body(await DestinationAsync(type), """{"audienceId":1}""", identifiers))).ShouldBe(HttpStatusCode.Created);
    }

    [Theory]
    [StoreData]
    public async Task Every_fault_is_named_at_once(StoreKind store)
    {
        _host = _iterable.Host(store);
        (await _host.PostAsync("/v2/retl-connections", "{}")).ShouldRefuse("destinationId", "destinationConfig");
        (await _host.PostAsync("/v2/retl-connections", """
            {"destinationId":"d","syncBehaviour":"upsert","schedule":{"type":"basic","everyMinutes":7},"identifiers":[{"from":"E","to":"x"}],
             "syncSettings":{"guard":{"maxRemovalPercent":101,"minRemovals":-1},"unknownDeletes":"maybe","syncLogsConfig":{"logRetentionInDays":0}},"destinationConfig":{}}
            """)).ShouldRefuse(
            "syncBehaviour", "schedule.everyMinutes", "identifiers[0].to", "syncSettings.guard.maxRemovalPercent", "syncSettings.guard.minRemovals",
            "syncSettings.unknownDeletes", "syncSettings.syncLogsConfig.logRetentionInDays", "destinationConfig.audienceId");
        (await _host.PostAsync("/v2/retl-connections", Body("nobody", """{"audienceId":1}""").Replace("{\"dest", "{\"sourceId\":\"s\",\"dest", StringComparison.Ordinal)))
            .ShouldRefuse("destinationId", "sourceId");
        var destination = await DestinationAsync();
        (await _host.PostAsync("/v2/retl-connections", Body(destination, """{"audienceId":1,"createList":{"name":"N"}}"""))).ShouldRefuse("destinationConfig.audienceId");
        (await _host.PostAsync("/v2/retl-connections", Body(destination, """{"audienceId":0}"""))).ShouldRefuse("destinationConfig.audienceId");
        (await _host.PostAsync("/v2/retl-connections", Body(destination, """{"createList":{}}"""))).ShouldRefuse("destinationConfig.createList.name");
        (await _host.PostAsync("/v2/retl-connections", Body(destination, """{"audienceId":"x"}"""))).ShouldRefuse("destinationConfig.audienceId");
        (await _host.PostAsync("/v2/retl-connections", Body(destination, """{"audienceId":1}""", "{}"))).ShouldRefuse("identifiers");
        (await _host.PostAsync("/v2/retl-connections", Body(destination, """{"audienceId":1}""", "[null]"))).ShouldRefuse("identifiers[0]");
    }

    [Theory]
    [InlineData("destinationConfig", "[]", "must be an object.")]
    [InlineData("destinationConfig.audienceId", """{"audienceId":"x"}""", "must be a whole number.")]
    [InlineData("destinationConfig.audienceId", """{"audienceId":1.5}""", "must be a whole number.")]
    [InlineData("destinationConfig.createList", """{"createList":"x"}""", "must be an object.")]
    [InlineData("destinationConfig.updateExistingUsersOnly", """{"updateExistingUsersOnly":"true"}""", "must be true or false.")]
    [InlineData("identifiers", "{},\"identifiers\":{}", "must be an array.")]
    [InlineData("identifiers[0]", "{},\"identifiers\":[3]", "must be an object.")]
    [InlineData("schedule", "{},\"schedule\":\"@hourly\"", "must be an object.")]
    public async Task A_wrong_type_is_named_by_its_path(string field, string list, string message)
    {
        _host = _iterable.Host();
        Assert.Equal(message, (await _host.PostAsync("/v2/retl-connections", $$"""{"destinationConfig":{{list}}}""")).ShouldRefuse(field).Fault(field));
    }

    [Theory]
    [InlineData("""{"type":"hourly"}""", "schedule.type")]
    [InlineData("""{"type":"basic"}""", "schedule.everyMinutes")]
    [InlineData("""{"type":"basic","everyMinutes":60,"startingAt":"25:00"}""", "schedule.startingAt")]
    [InlineData("""{"type":"cron","cronExpression":"* * * * *"}""", "schedule.cronExpression")]
    [InlineData("""{"type":"cron","cronExpression":"0 0 31 2 *"}""", "schedule.cronExpression")]
    [InlineData("""{"type":"cron","cronExpression":"@never"}""", "schedule.cronExpression")]
    [InlineData("""{"type":"manual","everyMinutes":60}""", "schedule.everyMinutes")]
    public async Task A_schedule_that_cannot_be_is_refused(string schedule, string field)
    {
        _host = _iterable.Host();
        (await _host.PostAsync("/v2/retl-connections", Body("d", """{"audienceId":1}""").Replace("{\"dest", $"{{\"schedule\":{schedule},\"dest", StringComparison.Ordinal))).ShouldRefuse(field);
    }

    [Theory]
    [StoreData]
    public async Task Only_a_static_list_of_the_project_can_be_kept(StoreKind store)
    {
        _host = _iterable.Host(store);
        var destination = await DestinationAsync();
        Assert.Contains("no list", (await _host.PostAsync("/v2/retl-connections", Body(destination, """{"audienceId":77}"""))).ShouldRefuse("destinationConfig.audienceId").Text("detail"), StringComparison.Ordinal);
        Assert.Contains("Dynamic", (await _host.PostAsync("/v2/retl-connections", Body(destination, """{"audienceId":2}"""))).ShouldRefuse("destinationConfig.audienceId").Text("detail"), StringComparison.Ordinal);
    }

    [Theory]
    [StoreData]
    public async Task Existing_users_only_is_refused_where_Iterable_ignores_it(StoreKind store)
    {
        _host = _iterable.Host(store);
        const string list = """{"audienceId":1,"updateExistingUsersOnly":true}""";
        (await _host.PostAsync("/v2/retl-connections", Body(await DestinationAsync("email-based"), list, "[]"))).ShouldRefuse("destinationConfig.updateExistingUsersOnly");
        (await _host.PostAsync("/v2/retl-connections", Body(await DestinationAsync("userId-based"), list, "[]"))).ShouldBe(HttpStatusCode.Created);
    }

    [Theory]
    [StoreData]
    public async Task A_put_changes_what_may_change_and_counts_what_a_plan_depends_on(StoreKind store)
    {
        _host = _iterable.Host(store);
        var id = await ConnectionAsync();
        Assert.Matches(@"T(00|03|06|09|12|15|18|21):00:00\.000Z$", (await PutAsync(id, """{"schedule":{"type":"basic","everyMinutes":180}}""")).Text("nextRunAt"));
        Assert.Equal(1, await VersionAsync(id));
        Assert.Null((await PutAsync(id, """{"enabled":false}""")).At("nextRunAt"));
        Assert.Equal(1, await VersionAsync(id));

        var guarded = await PutAsync(id, """{"syncSettings":{"guard":{"maxRemovalPercent":10}}}""");
        Assert.Equal("""{"enabled":true,"maxRemovalPercent":10,"minRemovals":100}""", guarded.At("syncSettings.guard")!.ToJsonString());
        Assert.Equal(2, await VersionAsync(id));
        await PutAsync(id, """{"syncSettings":{"failedKeysConfig":{"enableFailedKeysRetry":false}}}""");
        Assert.Equal(2, await VersionAsync(id));
        await PutAsync(id, """{"syncSettings":{"unknownDeletes":"ignore"}}""");
        Assert.Equal(3, await VersionAsync(id));
        await PutAsync(id, """{"identifiers":[]}""");
        Assert.Equal(4, await VersionAsync(id));

        var whole = await _host.GetAsync($"/v2/retl-connections/{id}");
        Assert.Equal(whole.At("syncSettings")!.ToJsonString(), (await PutAsync(id, whole.Body)).At("syncSettings")!.ToJsonString());
        Assert.Equal(4, await VersionAsync(id));
    }

    [Theory]
    [StoreData]
    public async Task A_put_refuses_what_may_not_change(StoreKind store)
    {
        _host = _iterable.Host(store);
        var id = await ConnectionAsync();
        (await _host.PutAsync($"/v2/retl-connections/{id}", """
            {"destinationId":"other","sourceId":"s","syncBehaviour":"full","destinationConfig":{"audienceId":5,"createList":{"name":"N"},"updateExistingUsersOnly":true},"identifiers":[{"from":"E","to":"email"}]}
            """)).ShouldRefuse(
            "destinationId", "sourceId", "syncBehaviour", "destinationConfig.audienceId", "destinationConfig.createList", "destinationConfig.updateExistingUsersOnly", "identifiers");
        (await _host.PutAsync($"/v2/retl-connections/{id}", """{"schedule":{"type":"cron","cronExpression":"* * * * *"}}""")).ShouldRefuse("schedule.cronExpression");
    }

    [Theory]
    [StoreData]
    public async Task Connections_are_found_by_destination_source_and_external_id(StoreKind store)
    {
        _host = _iterable.Host(store);
        var first = await ConnectionAsync();
        var second = await ConnectionAsync("userId-based");
        await _host.PutAsync($"/v2/retl-connections/{second}/external-id", """{"externalId":"tf"}""");
        var destination = (await _host.GetAsync($"/v2/retl-connections/{first}")).Text("destinationId");

        Assert.Equal([first, second], await IdsAsync(""));
        Assert.Equal([first], await IdsAsync($"?destinationId={destination}"));
        Assert.Empty(await IdsAsync("?sourceId=s"));
        Assert.Equal([second], await IdsAsync("?hasExternalId=true"));
        Assert.Equal([first], await IdsAsync("?hasExternalId=false"));
        Assert.Equal([second], await IdsAsync("?page=2&pageSize=1"));
        (await _host.GetAsync("/v2/retl-connections?hasExternalId=perhaps")).ShouldRefuse("hasExternalId");
    }

    [Theory]
    [StoreData]
    public async Task Two_connections_of_one_list_share_its_row(StoreKind store)
    {
        _host = _iterable.Host(store);
        await ConnectionAsync();
        await ConnectionAsync("userId-based");
        await using var db = Store();
        Assert.Equal(1, await db.Lists.CountAsync(TestContext.Current.CancellationToken));
    }

    [Theory]
    [StoreData]
    public async Task A_deleted_connection_is_gone_but_its_row_stays(StoreKind store)
    {
        _host = _iterable.Host(store);
        var id = await ConnectionAsync();
        (await _host.DeleteAsync($"/v2/retl-connections/{id}")).ShouldBe(HttpStatusCode.NoContent);
        foreach (var (method, path, body) in new[] { ("GET", "", null), ("PUT", "", "{}"), ("DELETE", "", null), ("PUT", "/external-id", """{"externalId":"x"}""") })
            (await _host.SendAsync(new HttpMethod(method), $"/v2/retl-connections/{id}{path}", body)).ShouldBeProblem(HttpStatusCode.NotFound, "no connection with this id");
        Assert.Empty(await IdsAsync(""));
        await using var db = Store();
        Assert.True((await db.Connections.SingleAsync(c => c.Id == id, TestContext.Current.CancellationToken)).Deleted);
    }

    [Theory]
    [StoreData]
    public async Task The_newest_sync_is_shown_and_a_running_one_keeps_the_connection(StoreKind store)
    {
        _host = _iterable.Host(store);
        var id = await ConnectionAsync();
        await using (var db = Store())
        {
            var connection = await db.Connections.SingleAsync(c => c.Id == id, TestContext.Current.CancellationToken);
            db.Syncs.Add(new Sync { Id = "s1", ConnectionNo = connection.No, ListNo = connection.ListNo, Outcome = SyncOutcome.Aborted, StartedAt = Now, FinishedAt = Now });
            db.Syncs.Add(new Sync { Id = "s2", ConnectionNo = connection.No, ListNo = connection.ListNo, Outcome = SyncOutcome.CompletedWithFailures, StartedAt = Now, FinishedAt = Now.AddSeconds(1), Active = true });
            await db.SaveChangesAsync(TestContext.Current.CancellationToken);
        }

        Assert.Equal(
            """{"id":"s2","outcome":"completed_with_failures","finishedAt":"2026-03-01T12:30:01.000Z"}""",
            (await _host.GetAsync($"/v2/retl-connections/{id}")).At("lastSync")!.ToJsonString());
        Assert.Equal("s2", (await _host.DeleteAsync($"/v2/retl-connections/{id}")).ShouldBeProblem(HttpStatusCode.Conflict, "running").Text("syncId"));
    }

    [Theory]
    [StoreData]
    public async Task A_destination_with_connections_cannot_be_deleted_or_moved_to_another_kind_of_project(StoreKind store)
    {
        _host = _iterable.Host(store);
        var id = await ConnectionAsync();
        var destination = (await _host.GetAsync($"/v2/retl-connections/{id}")).Text("destinationId");
        (await _host.DeleteAsync($"/v2/destinations/{destination}")).ShouldBeProblem(HttpStatusCode.Conflict, "in use");
        var other = await AccountAsync("email-based", "Other");
        (await _host.PutAsync($"/v2/destinations/{destination}", $$$"""{"config":{"rudderAccountId":"{{{other}}}"}}""")).ShouldBeProblem(HttpStatusCode.Conflict, "project type");
        var same = await AccountAsync("hybrid", "Same");
        (await _host.PutAsync($"/v2/destinations/{destination}", $$$"""{"config":{"rudderAccountId":"{{{same}}}"}}""")).ShouldBe(HttpStatusCode.OK);
        (await _host.DeleteAsync($"/v2/retl-connections/{id}")).ShouldBe(HttpStatusCode.NoContent);
        (await _host.DeleteAsync($"/v2/destinations/{destination}")).ShouldBe(HttpStatusCode.NoContent);
    }

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        _iterable.Dispose();
    }

    private static string Body(string destination, string list, string identifiers = Both)
        => $$"""{"destinationId":"{{destination}}","identifiers":{{identifiers}},"destinationConfig":{{list}}}""";

    private StoreContext Store() => _host.Provider.GetRequiredService<Func<StoreContext>>()();

    private async Task<Answer> PutAsync(string id, string json) => (await _host.PutAsync($"/v2/retl-connections/{id}", json)).ShouldBe(HttpStatusCode.OK);

    private async Task<int> VersionAsync(string id)
    {
        await using var db = Store();
        return (await db.Connections.SingleAsync(c => c.Id == id, TestContext.Current.CancellationToken)).Version;
    }

    private async Task<IEnumerable<string>> IdsAsync(string query)
        => (await _host.GetAsync("/v2/retl-connections" + query)).ShouldBe(HttpStatusCode.OK).At("data")!.AsArray().Select(c => c!["id"]!.GetValue<string>());

    private async Task<string> ConnectionAsync(string type = "hybrid")
        => (await _host.PostAsync("/v2/retl-connections", Body(
            await DestinationAsync(type), """{"audienceId":1}""", type == "hybrid" ? Both : """[{"from":"I","to":"userId"}]"""))).ShouldBe(HttpStatusCode.Created).Text("id");

    private async Task<string> DestinationAsync(string type = "hybrid")
        => (await _host.PostAsync("/v2/destinations", $$$"""
            {"name":"{{{type}}}","type":"ITERABLE_AUDIENCE","config":{"rudderAccountId":"{{{await AccountAsync(type, type)}}}"}}
            """)).ShouldBe(HttpStatusCode.Created).Text("destination.id");

    private async Task<string> AccountAsync(string type, string name)
        => (await _host.PostAsync("/v2/accounts", $$$"""
            {"name":"{{{name}}}","accountDefinitionName":"DESTINATION_ITERABLE_AUDIENCE_API_KEY","options":{"dataCenter":"US","projectType":"{{{type}}}"},"secret":{"apiKey":"{{{ListServer.Key}}}"}}
            """)).ShouldBe(HttpStatusCode.Created).Text("id");
}
