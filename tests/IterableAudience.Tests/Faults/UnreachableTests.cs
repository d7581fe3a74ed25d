using System.Net;
using System.Text.Json.Nodes;
using IterableAudience.Tests.Stores;
using Xunit;

namespace IterableAudience.Tests.Faults;

/// <summary>Nothing listens where Iterable should be.</summary>
public sealed class UnreachableTests : ProcessTest
{
    [Theory]
    [StoreData]
    public async Task Without_Iterable_the_service_is_ready_and_says_what_it_can_not_do_and_later_sends_what_it_could_not(StoreKind store)
    {
        var site = await SiteAsync(store, ("Iterable__MaxAttempts", "2"));
        var audience = await site.AudienceAsync("alone");
        await site.SyncAsync(audience, Rows.Of(0, 10));
        var account = (string)(await site.GetAsync("/v2/accounts"))["data"]![0]!["id"]!;
        var destination = (string)(await site.GetAsync("/v2/destinations"))["destinations"]![0]!["id"]!;

        await site.Service.StopAsync();
        await site.StartAsync(("Iterable__BaseUrls__US", "http://127.0.0.1:9"));

        using var ready = await site.SendAsync(HttpMethod.Get, "/health/ready", null);
        Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
        await ShouldBeBadGatewayAsync(await site.SendAsync(HttpMethod.Get, $"/v2/accounts/{account}/lists?refresh=true", null));
        await ShouldBeBadGatewayAsync(await site.SendAsync(HttpMethod.Post, "/v2/retl-connections", new StringContent($$"""
            { "destinationId": "{{destination}}", "syncBehaviour": "mirror", "destinationConfig": { "createList": {"name": "New", "description": "x"} } }
            """, null, "application/json")));
        var test = await site.PostAsync($"/v2/accounts/{account}/test", "{}");
        Assert.False((bool)test["ok"]!);
        Assert.NotEmpty((string)test["detail"]!);

        var few = await site.SyncAsync(audience, Rows.Of(10, 1_500));
        Assert.Equal("completed_with_failures", (string)few["outcome"]!);
        Assert.Equal(["failed delivery_failed 1500"], Reasons(few));

        var many = await site.SyncAsync(audience, Rows.Of(10, 20_000));
        Assert.Equal("aborted", (string)many["outcome"]!);
        Assert.Contains("Check that Iterable can be reached", (string)many["error"]!, StringComparison.Ordinal);
        Assert.Equal(20_000, (long)many["report"]!["received"]!["total"]!);
        Assert.Equal(20_000, (long)many["metrics"]!["failed"]!["total"]!);

        await site.Service.StopAsync();
        await site.StartAsync(("Iterable__BaseUrls__US", site.Simulator.BaseUrl.OriginalString));
        var all = await site.SyncAsync(audience, Rows.Of(10, 20_000));
        Assert.Equal("completed", (string)all["outcome"]!);
        Assert.Equal(20_010, site.Members(audience).Count);
        Assert.Contains("counts 20010 0 0", site.Ledger(audience));
    }

    private static List<string> Reasons(JsonNode sync)
        => [.. sync["report"]!["reasons"]!.AsArray().Select(r => $"{r!["outcome"]} {r["reason"]} {r["count"]}")];

    private static async Task ShouldBeBadGatewayAsync(HttpResponseMessage answer)
    {
        using (answer)
        {
            Assert.Equal(HttpStatusCode.BadGateway, answer.StatusCode);
            Assert.Equal("application/problem+json", answer.Content.Headers.ContentType!.MediaType);
            var problem = JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
            Assert.Contains("Iterable gave no answer", (string)problem["detail"]!, StringComparison.Ordinal);
        }
    }
}
