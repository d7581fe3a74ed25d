using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using IterableAudience.Tests.Syncs;
using IterableAudience.Tests.Warehouses;
using Xunit;

namespace IterableAudience.Tests.Contract;

/// <summary>The OpenAPI document: what it says is checked in, and what it proposes works.</summary>
public sealed class OpenApiTests
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    // Examples that a connection of pushed records alone must refuse, and why.
    private static readonly Dictionary<string, HttpStatusCode> Refused = new()
    {
        ["post /v2/retl-connections/{id}/start"] = HttpStatusCode.Conflict, // needs a source
        ["post /v2/retl-connections/{id}/plan"] = HttpStatusCode.Conflict,
        ["post /v2/retl-connections/{id}/syncs/{syncId}/approve"] = HttpStatusCode.Conflict, // nobody knows a plan hash beforehand
    };

    [Fact]
    public async Task The_document_is_as_checked_in()
    {
        await using var host = new TestHost();
        var document = (await host.GetAsync("/swagger/v1/swagger.json", null)).ShouldBe(HttpStatusCode.OK);
        Golden.ShouldMatch("openapi.json", document.Json.ToJsonString(Indented));
    }

    [Theory]
    [InlineData("post")]
    [InlineData("put")]
    public async Task Every_example_runs_as_it_stands(string method)
    {
        await using var sync = new SyncHost();
        sync.Host.Settings["Documents:LiveExamples"] = "true";
        await sync.InitializeAsync();
        using var warehouse = await ShopAsync(sync.Host);
        var audience = await sync.AudienceAsync();
        var held = await audience.PushAsync("dryRun=true", Row.People(1));
        var ran = 0;
        foreach (var (path, operations) in (await sync.Host.GetAsync("/swagger/v1/swagger.json", null)).Json["paths"]!.AsObject())
        {
            if (operations![method]?["requestBody"]?["content"] is not JsonObject content)
                continue;
            // "Try it out" fills in the example of the id; a sync's id is copied from the answer of a push.
            var id = operations[method]!["parameters"]?.AsArray().FirstOrDefault(p => (string?)p!["name"] == "id")?["example"];
            var url = path.Replace("{id}", (string?)id ?? "", StringComparison.Ordinal).Replace("{syncId}", held.Id, StringComparison.Ordinal);
            foreach (var (mediaType, media) in content)
            {
                foreach (var (name, example) in media!["examples"]!.AsObject())
                {
                    var answer = await SendAsync(sync.Host, method, url, mediaType, example!["value"]!);
                    var wanted = Refused.GetValueOrDefault($"{method} {path}");
                    Assert.True(wanted != 0 ? answer.Status == wanted : (int)answer.Status is >= 200 and < 300, $"{method} {path} ({name}) answers {answer.Status}: {answer.Body}");
                    ran++;
                    while ((int)(await sync.Host.GetAsync($"{audience.Url}/syncs?status=running")).At("paging.total")! > 0)
                        await Task.Yield();
                }
            }
        }

        Assert.True(ran >= 5, $"{ran} examples ran");
    }

    [Fact]
    public async Task Every_question_runs_with_the_ids_that_the_document_proposes()
    {
        await using var sync = new SyncHost();
        sync.Host.Settings["Documents:LiveExamples"] = "true";
        await sync.InitializeAsync();
        using var warehouse = await ShopAsync(sync.Host);
        var audience = await sync.AudienceAsync();
        await audience.PushAsync(Row.People(1));
        (await sync.Host.PostAsync($"{audience.Url}/reconcile")).ShouldBe(HttpStatusCode.Accepted);
        foreach (var (path, operations) in (await sync.Host.GetAsync("/swagger/v1/swagger.json", null)).Json["paths"]!.AsObject())
        {
            if (operations!["get"] is not { } get)
                continue;
            var url = (get["parameters"]?.AsArray() ?? []).Where(p => (string?)p!["in"] == "path")
                .Aggregate(path, (text, p) => text.Replace($"{{{p!["name"]}}}", (string?)p["example"] ?? "(no example)", StringComparison.Ordinal));
            (await sync.Host.GetAsync(url)).ShouldBe(HttpStatusCode.OK);
        }
    }

    /// <summary>A warehouse with the table that the examples name, a source of it, and a preview.</summary>
    private static async Task<TestWarehouse> ShopAsync(TestHost host)
    {
        var warehouse = new TestWarehouse(host, WarehouseKind.DuckDb);
        warehouse.Run("""CREATE TABLE customers ("ID" bigint, "EMAIL" varchar); INSERT INTO customers VALUES (1, 'ada@example.com')""");
        var account = await warehouse.AccountAsync();
        (await host.PostAsync("/v2/retl-sources", $$$"""
            {"name":"Customers","sourceType":"table","sourceDefinitionName":"duckdb","accountId":"{{{account}}}","config":{"primaryKey":"ID","schema":"main","table":"customers"}}
            """)).ShouldBe(HttpStatusCode.Created);
        (await host.PostAsync("/v2/retl-sources/preview", $$$"""{"accountId":"{{{account}}}","schema":"main","table":"customers"}""")).ShouldBe(HttpStatusCode.OK);
        return warehouse;
    }

    private static async Task<Answer> SendAsync(TestHost host, string method, string url, string mediaType, JsonNode example)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method.ToUpperInvariant()), url)
        {
            Content = new StringContent(mediaType == "application/json" ? example.ToJsonString() : (string)example!, System.Text.Encoding.UTF8, mediaType),
        };
        return await host.SendAsync(request);
    }
}
