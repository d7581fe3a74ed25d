using System.Net;
using Xunit;

namespace IterableAudience.Tests.Syncs;

/// <summary>Ids that don't exist, and those of another connection.</summary>
public sealed class UnknownSyncTests(SyncHost sync) : IClassFixture<SyncHost>
{
    private const string Search = """{"email":"ada@example.com"}""";

    [Theory]
    [InlineData("POST", "start", "{}")]
    [InlineData("POST", "plan", null)]
    [InlineData("POST", "stop", null)]
    [InlineData("GET", "syncs", null)]
    [InlineData("POST", "syncs", """{"records":[]}""")]
    public async Task An_unknown_connection_is_404_on_every_route(string method, string route, string? body)
        => (await sync.Host.SendAsync(new(method), $"/v2/retl-connections/unknown/{route}", body)).ShouldBeProblem(HttpStatusCode.NotFound, "no connection with this id");

    [Theory]
    [InlineData("GET", "", null)]
    [InlineData("GET", "/records", null)]
    [InlineData("GET", "/failed-records", null)]
    [InlineData("POST", "/records/search", Search)]
    [InlineData("GET", "/requests", null)]
    [InlineData("GET", "/events", null)]
    [InlineData("POST", "/cancel", null)]
    [InlineData("POST", "/approve", """{"planHash":"x"}""")]
    [InlineData("POST", "/discard", null)]
    public async Task A_sync_is_404_when_it_is_unknown_or_belongs_to_another_connection(string method, string route, string? body)
    {
        var (audience, other) = (await sync.AudienceAsync(), await sync.AudienceAsync());
        var done = await audience.PushAsync("dryRun=true", Row.People(1));
        foreach (var address in new[] { $"{audience.Url}/syncs/unknown", $"{other.Url}/syncs/{done.Id}", $"/v2/retl-connections/unknown/syncs/{done.Id}" })
            (await sync.Host.SendAsync(new(method), address + route, body)).ShouldBeProblem(HttpStatusCode.NotFound, "no sync with this id");
        Assert.Equal("planned", (await audience.GetAsync(done.Id)).Outcome);
    }

    [Theory]
    [InlineData("start")]
    [InlineData("syncs/x/approve")]
    [InlineData("syncs/x/records/search")]
    public async Task A_body_of_another_media_type_is_415(string route)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/v2/retl-connections/x/{route}") { Content = new StringContent("x", System.Text.Encoding.UTF8, "text/plain") };
        (await sync.Host.SendAsync(request)).ShouldBeProblem(HttpStatusCode.UnsupportedMediaType, "application/json");
    }
}
