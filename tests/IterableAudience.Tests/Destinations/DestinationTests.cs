using System.Net;
using IterableAudience.Tests.Stores;
using Xunit;

namespace IterableAudience.Tests.Destinations;

public sealed class DestinationTests : IAsyncDisposable
{
    private TestHost _host = null!;

    [Theory]
    [StoreData]
    public async Task A_destination_comes_in_its_envelope(StoreKind store)
    {
        _host = new TestHost(store);
        var account = await AccountAsync("A");
        var made = (await _host.PostAsync("/v2/destinations", Body("D", account))).ShouldBe(HttpStatusCode.Created);
        var id = made.Text("destination.id");
        Assert.True((bool)made.At("destination.enabled")!);
        Assert.Equal(account, made.Text("destination.config.rudderAccountId"));
        Assert.Equal(made.Body, (await _host.GetAsync($"/v2/destinations/{id}", "viewer")).Body);

        var changed = (await _host.PutAsync($"/v2/destinations/{id}", """{"enabled":false}""")).ShouldBe(HttpStatusCode.OK);
        Assert.False((bool)changed.At("destination.enabled")!);
        Assert.Equal("D", changed.Text("destination.name"));
        Assert.Equal("x", (await _host.PutAsync($"/v2/destinations/{id}/external-id", """{"externalId":"x"}""")).Text("destination.externalId"));

        var listed = await _host.GetAsync("/v2/destinations");
        Assert.Equal(id, listed.Json["destinations"]![0]!["id"]!.GetValue<string>());
        Assert.Equal(1, (int)listed.At("paging.total")!);

        (await _host.DeleteAsync($"/v2/destinations/{id}")).ShouldBe(HttpStatusCode.NoContent);
        (await _host.GetAsync($"/v2/destinations/{id}")).ShouldBeProblem(HttpStatusCode.NotFound, "no destination with this id");
        Assert.Empty(_host.Logs.Warnings);
    }

    [Theory]
    [StoreData]
    public async Task Every_fault_is_named(StoreKind store)
    {
        _host = new TestHost(store);
        (await _host.PostAsync("/v2/destinations", "{}")).ShouldRefuse("name", "type", "config.rudderAccountId");
        (await _host.PostAsync("/v2/destinations", Body("D", "nobody"))).ShouldRefuse("config.rudderAccountId");
        var warehouse = (await _host.PostAsync("/v2/accounts", """{"name":"W","accountDefinitionName":"SOURCE_DUCKDB","options":{"path":"a.duckdb"}}""")).Text("id");
        (await _host.PostAsync("/v2/destinations", Body("D", warehouse))).ShouldRefuse("config.rudderAccountId");
        var id = (await _host.PostAsync("/v2/destinations", Body("D", await AccountAsync("A")))).Text("destination.id");
        (await _host.PutAsync($"/v2/destinations/{id}", """{"type":"WEBHOOK","name":"  "}""")).ShouldRefuse("type", "name");
        (await _host.PutAsync($"/v2/destinations/{id}", """{"enabled":"yes"}""")).ShouldRefuse("enabled");
    }

    [Theory]
    [StoreData]
    public async Task A_name_is_unique(StoreKind store)
    {
        _host = new TestHost(store);
        var account = await AccountAsync("A");
        await _host.PostAsync("/v2/destinations", Body("D", account));
        (await _host.PostAsync("/v2/destinations", Body("D", account))).ShouldBeProblem(HttpStatusCode.Conflict, "unique");
        var other = (await _host.PostAsync("/v2/destinations", Body("E", account))).Text("destination.id");
        (await _host.PutAsync($"/v2/destinations/{other}", """{"name":"D"}""")).ShouldBeProblem(HttpStatusCode.Conflict, "unique");
    }

    [Theory]
    [StoreData]
    public async Task An_unknown_destination_is_404_on_every_route(StoreKind store)
    {
        _host = new TestHost(store);
        foreach (var (method, path, body) in new[] { ("GET", "", null), ("PUT", "", "{}"), ("DELETE", "", null), ("PUT", "/external-id", """{"externalId":"x"}""") })
            (await _host.SendAsync(new HttpMethod(method), "/v2/destinations/nobody" + path, body)).ShouldBeProblem(HttpStatusCode.NotFound, "no destination with this id");
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    private static string Body(string name, string account)
        => $$$"""{"name":"{{{name}}}","type":"ITERABLE_AUDIENCE","config":{"rudderAccountId":"{{{account}}}"}}""";

    private async Task<string> AccountAsync(string name)
        => (await _host.PostAsync("/v2/accounts", $$$"""
            {"name":"{{{name}}}","accountDefinitionName":"DESTINATION_ITERABLE_AUDIENCE_API_KEY","options":{"dataCenter":"US","projectType":"hybrid"},"secret":{"apiKey":"k"}}
            """)).ShouldBe(HttpStatusCode.Created).Text("id");
}
