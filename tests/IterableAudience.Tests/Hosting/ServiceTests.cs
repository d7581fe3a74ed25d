using System.Net;
using System.Text.Json.Nodes;
using Xunit;

namespace IterableAudience.Tests.Hosting;

public sealed class ServiceTests : IAsyncDisposable
{
    private readonly TestHost _host = new();

    [Fact]
    public async Task Health_and_version_need_no_token()
    {
        Assert.Equal("Healthy", (await _host.GetAsync("/health/live", null)).ShouldBe(HttpStatusCode.OK).Text("status"));
        Assert.Equal("reachable, migrations applied", (await _host.GetAsync("/health/ready", null)).ShouldBe(HttpStatusCode.OK).Text("checks.store"));
        var version = (await _host.GetAsync("/version", null)).ShouldBe(HttpStatusCode.OK);
        Assert.All(new[] { "version", "commit", "build" }, name => Assert.NotEmpty(version.Text(name)));
        Assert.Empty(_host.Logs.Warnings);
    }

    [Fact]
    public async Task Metrics_can_be_opened_to_everybody()
    {
        _host.Settings["Metrics:Anonymous"] = "true";
        await _host.GetAsync("/v2/accounts/ada@example.com");
        var metrics = (await _host.GetAsync("/metrics", null)).ShouldBe(HttpStatusCode.OK);
        Assert.Contains("http_server_request_duration_seconds", metrics.Body, StringComparison.Ordinal);
        Assert.Contains("service_name=\"iterable-audience\"", metrics.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("example.com", metrics.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_documents_need_no_token_and_every_operation_is_explained()
    {
        (await _host.GetAsync("/swagger/index.html", null)).ShouldBe(HttpStatusCode.OK);
        var document = (await _host.GetAsync("/swagger/v1/swagger.json", null)).ShouldBe(HttpStatusCode.OK);
        Assert.Equal("bearer", document.Text("components.securitySchemes.Bearer.scheme"));
        foreach (var (path, operations) in document.Json["paths"]!.AsObject())
        {
            foreach (var (method, operation) in operations!.AsObject())
            {
                Assert.False(string.IsNullOrEmpty(operation!["summary"]?.GetValue<string>()), $"{method} {path} has no summary");
                if (!path.StartsWith("/v2", StringComparison.Ordinal))
                    continue;
                Assert.Contains("Role: ", operation["description"]!.GetValue<string>(), StringComparison.Ordinal);
                Assert.NotNull(operation["responses"]!["401"]);
                Assert.NotNull(operation["responses"]!["403"]);
                if (operation["requestBody"]?["content"] is JsonObject content)
                    Assert.All(content, media => Assert.NotEmpty(media.Value!["examples"]!.AsObject()));
            }
        }
    }

    [Fact]
    public async Task Examples_name_stored_resources_only_when_told_to()
    {
        var id = (await _host.PostAsync("/v2/accounts", """
            {"name":"A","accountDefinitionName":"DESTINATION_ITERABLE_AUDIENCE_API_KEY","options":{"dataCenter":"US","projectType":"hybrid"},"secret":{"apiKey":"k"}}
            """)).Text("id");
        Assert.DoesNotContain(id, (await _host.GetAsync("/swagger/v1/swagger.json", null)).Body, StringComparison.Ordinal);

        await using var live = new TestHost { Settings = { ["Documents:LiveExamples"] = "true" } };
        id = (await live.PostAsync("/v2/accounts", """
            {"name":"A","accountDefinitionName":"DESTINATION_ITERABLE_AUDIENCE_API_KEY","options":{"dataCenter":"US","projectType":"hybrid"},"secret":{"apiKey":"k"}}
            """)).Text("id");
        var document = await live.GetAsync("/swagger/v1/swagger.json", null);
        var example = document.Json["paths"]!["/v2/destinations"]!["post"]!["requestBody"]!["content"]!["application/json"]!["examples"]!["Example"]!["value"]!;
        Assert.Equal(id, example["config"]!["rudderAccountId"]!.GetValue<string>());
        (await live.PostAsync("/v2/destinations", example.ToJsonString())).ShouldBe(HttpStatusCode.Created);
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();
}
