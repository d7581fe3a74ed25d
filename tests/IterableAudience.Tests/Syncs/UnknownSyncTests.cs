using System.Net;
using IterableAudience.Tests.Stores;
using Xunit;

namespace IterableAudience.Tests.Syncs;

/// <summary>Ids that don't exist, and those of another connection.</summary>
public sealed class UnknownSyncTests(SyncHosts syncs) : IClassFixture<SyncHosts>
{
    private const string Search = """{"email":"ada@example.com"}""";

    [Theory]
    [StoreData("POST", "start", "{}")]
    [StoreData("POST", "plan", null)]
    [StoreData("POST", "stop", null)]
    [StoreData("GET", "syncs", null)]
    [StoreData("POST", "syncs", """{"records":[]}""")]
    public async Task An_unknown_connection_is_404_on_every_route(StoreKind store, string method, string route, string? body)
        => (await syncs.On(store).Host.SendAsync(new(method), $"/v2/retl-connections/unknown/{route}", body)).ShouldBeProblem(HttpStatusCode.NotFound, "no connection with this id");

    [Theory]
    [StoreData("GET", "", null)]
    [StoreData("GET", "/records", null)]
    [StoreData("GET", "/failed-records", null)]
    [StoreData("POST", "/records/search", Search)]
    [StoreData("GET", "/requests", null)]
    [StoreData("GET", "/events", null)]
    [StoreData("POST", "/cancel", null)]
    [StoreData("POST", "/approve", """{"planHash":"x"}""")]
    [StoreData("POST", "/discard", null)]
    public async Task A_sync_is_404_when_it_is_unknown_or_belongs_to_another_connection(StoreKind store, string method, string route, string? body)
    {
        var sync = syncs.On(store);
        var (audience, other) = (await sync.AudienceAsync(), await sync.AudienceAsync());
        var done = await audience.PushAsync("dryRun=true", Row.People(1));
        foreach (var address in new[] { $"{audience.Url}/syncs/unknown", $"{other.Url}/syncs/{done.Id}", $"/v2/retl-connections/unknown/syncs/{done.Id}" })
            (await sync.Host.SendAsync(new(method), address + route, body)).ShouldBeProblem(HttpStatusCode.NotFound, "no sync with this id");
        Assert.Equal("planned", (await audience.GetAsync(done.Id)).Outcome);
    }

    [Theory]
    [StoreData("start")]
    [StoreData("syncs/x/approve")]
    [StoreData("syncs/x/records/search")]
    public async Task A_body_of_another_media_type_is_415(StoreKind store, string route)
    {
        var sync = syncs.On(store);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/v2/retl-connections/x/{route}") { Content = new StringContent("x", System.Text.Encoding.UTF8, "text/plain") };
        (await sync.Host.SendAsync(request)).ShouldBeProblem(HttpStatusCode.UnsupportedMediaType, "application/json");
    }
}
