using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using IterableAudience.Tests.Mirror;
using IterableAudience.Tests.Syncs;
using IterableAudience.Tests.Warehouses;
using Xunit;

namespace IterableAudience.Tests.Clients;

/// <summary>
/// What RudderStack's own clients do, done by plain requests: the hook of its Airflow provider, the resource of its Dagster package, and the Go client under its Terraform
/// provider. They know the answers of RudderStack's API and nothing of ours.
/// </summary>
public sealed class RudderStackClientTests : IAsyncDisposable
{
    private const int Retries = 3;
    private readonly HttpClient _http = new();
    private MirrorHost _mirror = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("RudderAirflow/2.4.1", "{}")]
    [InlineData("RudderAirflow/2.4.1", """{"syncType":"full"}""")]
    [InlineData("RudderDagster/0.1.0", """{"syncType":"incremental"}""")]
    public async Task A_sync_is_started_and_polled_to_its_end(string agent, string body)
    {
        await StartAsync(agent);
        _mirror.Table("1 ada@example.com u1");
        var sync = (string)(await RequestAsync(HttpMethod.Post, $"/v2/retl-connections/{_mirror.Audience.Connection}/start", body))!["syncId"]!;
        var end = await PollAsync(sync);
        Assert.Equal("succeeded", (string)end["status"]!);
        Assert.Equal(sync, (string)end["id"]!);
        Assert.Equal("", (string)end["error"]!);
        Assert.Equal((1, 1, 0, 1), ((int)end["metrics"]!["total"]!, (int)end["metrics"]!["succeeded"]!["total"]!, (int)end["metrics"]!["failed"]!["total"]!, (int)end["metrics"]!["changed"]!["total"]!));
        Assert.True(DateTimeOffset.Parse((string)end["startedAt"]!, System.Globalization.CultureInfo.InvariantCulture) <= DateTimeOffset.Parse((string)end["finishedAt"]!, System.Globalization.CultureInfo.InvariantCulture));
    }

    /// <summary>A start that timed out is sent again and meets its own sync: any answer that is no success is tried three times more, and then an error.</summary>
    [Fact]
    public async Task A_second_start_gets_409_each_time_and_the_sync_goes_on()
    {
        await StartAsync("RudderAirflow/2.4.1");
        _mirror.Table("1 ada@example.com u1");
        _mirror.Sync.Gate.Close();
        var sync = (string)(await RequestAsync(HttpMethod.Post, $"/v2/retl-connections/{_mirror.Audience.Connection}/start", "{}"))!["syncId"]!;
        await _mirror.Sync.Gate.ArrivedAsync(Cancel);
        Assert.Equal("running", (string)(await RequestAsync(HttpMethod.Get, $"/v2/retl-connections/{_mirror.Audience.Connection}/syncs/{sync}", null))!["status"]!);
        var refused = await Assert.ThrowsAsync<HttpRequestException>(() => RequestAsync(HttpMethod.Post, $"/v2/retl-connections/{_mirror.Audience.Connection}/start", "{}"));
        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        Assert.Contains("already running", refused.Message, StringComparison.Ordinal);
        _mirror.Sync.Gate.Open();
        Assert.Equal("succeeded", (string)(await PollAsync(sync))["status"]!);
        var list = await RequestAsync(HttpMethod.Get, $"/v2/retl-connections/{_mirror.Audience.Connection}/syncs?status=succeeded&page=1&per_page=10", null);
        Assert.Equal(sync, (string)Assert.Single(list!["syncs"]!.AsArray())!["id"]!);
    }

    [Fact]
    public async Task A_sync_that_fails_ends_as_failed_with_its_error()
    {
        await StartAsync("RudderDagster/0.1.0");
        _mirror.Warehouse.Run("DROP TABLE people");
        var end = await PollAsync((string)(await RequestAsync(HttpMethod.Post, $"/v2/retl-connections/{_mirror.Audience.Connection}/start", """{"syncType":"incremental"}"""))!["syncId"]!);
        Assert.Equal("failed", (string)end["status"]!);
        Assert.Contains("people", (string)end["error"]!, StringComparison.Ordinal);
        Assert.Null(await RequestAsync(HttpMethod.Post, $"/v2/retl-connections/{_mirror.Audience.Connection}/stop", null));
    }

    /// <summary>Create, read, change, list and delete, as the Terraform provider does it through RudderStack's Go client.</summary>
    [Fact]
    public async Task Everything_can_be_made_and_kept_by_a_provider()
    {
        await StartAsync("terraform-provider-rudderstack");
        var account = await RequestAsync(HttpMethod.Post, "/v2/accounts", _mirror.Warehouse.AccountJson("Another"));
        Assert.Equal("source", (string)account!["definition"]!["category"]!);
        await RequestAsync(HttpMethod.Put, $"/v2/accounts/{account["id"]}/external-id", """{"externalId":"tf-account"}""");
        Assert.Equal("tf-account", (string)(await RequestAsync(HttpMethod.Get, $"/v2/accounts/{account["id"]}", null))!["externalId"]!);

        var source = await RequestAsync(HttpMethod.Post, "/v2/retl-sources", $$"""
            {"name":"Model","sourceType":"model","sourceDefinitionName":"duckdb","accountId":"{{account["id"]}}","enabled":true,
             "config":{"primaryKey":"PK","sql":"SELECT * FROM people","description":"All of them"} }
            """);
        await RequestAsync(HttpMethod.Put, $"/v2/retl-sources/{source!["id"]}/external-id", """{"externalId":"tf-source"}""");
        Assert.Equal("SELECT * FROM people", (string)(await RequestAsync(HttpMethod.Get, $"/v2/retl-sources/{source["id"]}", null))!["config"]!["sql"]!);

        var destination = (await RequestAsync(HttpMethod.Post, "/v2/destinations", $$"""
            {"name":"Another","type":"ITERABLE_AUDIENCE","enabled":true,"config":{"rudderAccountId":"{{_mirror.Audience.Account}}"} }
            """))!["destination"]!;
        var connection = await RequestAsync(HttpMethod.Post, "/v2/retl-connections", $$"""
            {"sourceId":"{{source["id"]}}","destinationId":"{{destination["id"]}}","enabled":true,"schedule":{"type":"basic","everyMinutes":60},"syncBehaviour":"mirror",
             "identifiers":[{"from":"EMAIL","to":"email"},{"from":"ID","to":"userId"}],
             "syncSettings":{"syncLogsConfig":{"enabled":true,"logRetentionInDays":30,"snapshotsToRetain":5},"failedKeysConfig":{"enableFailedKeysRetry":true} },
             "destinationConfig":{"audienceId":"{{_mirror.Audience.List}}"} }
            """);
        var url = $"/v2/retl-connections/{connection!["id"]}";
        await RequestAsync(HttpMethod.Put, $"{url}/external-id", """{"externalId":"tf-connection"}""");

        // The provider reads the whole, and sends what may change of it.
        var read = await RequestAsync(HttpMethod.Get, url, null);
        Assert.Equal(_mirror.Audience.List, (long)read!["destinationConfig"]!["audienceId"]!);
        var change = new JsonObject
        {
            ["enabled"] = false,
            ["schedule"] = new JsonObject { ["type"] = "cron", ["cronExpression"] = "0 6 * * 1-5" },
            ["syncSettings"] = read["syncSettings"]!.DeepClone(),
            ["identifiers"] = read["identifiers"]!.DeepClone(),
        };
        Assert.Equal("0 6 * * 1-5", (string)(await RequestAsync(HttpMethod.Put, url, change.ToJsonString()))!["schedule"]!["cronExpression"]!);

        foreach (var filter in new[] { $"sourceId={source["id"]}", $"destinationId={destination["id"]}", "hasExternalId=true" })
            Assert.Equal((string)connection["id"]!, (string)Assert.Single((await RequestAsync(HttpMethod.Get, $"/v2/retl-connections?{filter}&page=1&pageSize=50", null))!["data"]!.AsArray())!["id"]!);
        Assert.Equal(1, (int)(await RequestAsync(HttpMethod.Get, "/v2/retl-sources?hasExternalId=true", null))!["paging"]!["total"]!);

        var preview = await RequestAsync(HttpMethod.Post, "/v2/retl-sources/preview", $$"""{"accountId":"{{account["id"]}}","limit":5,"sql":"SELECT 1 AS one"}""");
        Assert.Equal("completed", (string)(await RequestAsync(HttpMethod.Get, $"/v2/retl-sources/preview/{preview!["id"]}", null))!["status"]!);

        foreach (var gone in new[] { url, $"/v2/retl-sources/{source["id"]}", $"/v2/destinations/{destination["id"]}", $"/v2/accounts/{account["id"]}" })
            Assert.Null(await RequestAsync(HttpMethod.Delete, gone, null));
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _mirror.DisposeAsync();
    }

    private async Task StartAsync(string agent)
    {
        _mirror = await MirrorHost.StartAsync(WarehouseKind.DuckDb, Way.Ledger);
        // Whatever path the base address has is thrown away: both clients join it with an absolute path.
        _http.BaseAddress = _mirror.Host.Address;
        _http.Timeout = TimeSpan.FromSeconds(30);
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", TestHost.AdminToken);
        _http.DefaultRequestHeaders.UserAgent.ParseAdd(agent);
    }

    private async Task<JsonNode> PollAsync(string sync)
    {
        while (true)
        {
            var found = await RequestAsync(HttpMethod.Get, $"/v2/retl-connections/{_mirror.Audience.Connection}/syncs/{sync}", null);
            if ((string)found!["status"]! is "succeeded" or "failed")
                return found;
            Assert.Equal("running", (string)found["status"]!); // any other word would be polled for ever
        }
    }

    /// <summary>Anything but a success is tried three times more (they wait a second in between), and is then an error with the text that the answer gives.</summary>
    private async Task<JsonNode?> RequestAsync(HttpMethod method, string path, string? json)
    {
        for (var attempt = 0; ; attempt++)
        {
            using var request = new HttpRequestMessage(method, path);
            if (json is not null)
                request.Content = new StringContent(json, Encoding.UTF8, "application/json");
            using var response = await _http.SendAsync(request, Cancel);
            var text = await response.Content.ReadAsStringAsync(Cancel);
            if (response.IsSuccessStatusCode)
                return text.Length == 0 ? null : JsonNode.Parse(text);
            if (attempt == Retries)
                throw new HttpRequestException((string?)JsonNode.Parse(text)!["error"], null, response.StatusCode);
        }
    }
}
