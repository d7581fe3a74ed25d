using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using IterableAudience.Iterable;
using IterableAudience.Records;
using IterableAudience.Store;
using IterableAudience.Syncs;
using IterableAudience.Syncs.Plan;
using IterableAudience.Tests.Stores;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace IterableAudience.Tests.Plan;

/// <summary>The real service with <see cref="ModelIterable"/> behind its client, driven through its HTTP API.</summary>
internal sealed class ScenarioHost : IAsyncDisposable
{
    private readonly TestHost _host;
    private readonly Lazy<HttpClient> _client;
    private readonly Dictionary<ProjectType, string[]> _destinations = [];

    /// <param name="store">Where a new store is made.</param>
    /// <param name="former">A host that has stopped: this one goes on with its store.</param>
    /// <param name="rulesOnly">Every key is planned by the rules, those too that the planner has a shorter way for.</param>
    public ScenarioHost(StoreKind store = StoreKind.Sqlite, ScenarioHost? former = null, bool rulesOnly = false)
    {
        _host = new TestHost(store)
        {
            Settings =
            {
                ["Iterable:RequestsPerSecond"] = "1000000",
                ["Iterable:BackoffBase"] = "00:00:00",
                ["Iterable:MaxAttempts"] = "2",
                ["Iterable:MaxInFlight"] = "1", // requests meet their faults in one order
                ["Iterable:ListsCacheTime"] = "00:00:00",
            },
            Services = services =>
            {
                services.AddHttpClient(nameof(IterableClient)).ConfigurePrimaryHttpMessageHandler(() => Iterable);
                services.AddSingleton(s => new Planner(s.GetRequiredService<KeyedHash>()) { RulesOnly = rulesOnly });
            },
        };
        if (former is not null)
        {
            _host.On(former._host);
        }

        _client = new(() =>
        {
            var client = _host.Client();
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", TestHost.AdminToken);
            return client;
        });
    }

    public ModelIterable Iterable { get; } = new();

    public LeanStore Store => _host.Provider.GetRequiredService<LeanStore>();

    public KeyedHash Hash => _host.Provider.GetRequiredService<KeyedHash>();

    /// <summary>Ends the service; another host may go on with its store until this one is disposed of.</summary>
    public Task StopAsync() => _host.StopAsync();

    /// <summary>A connection of a list; every other one belongs to another account.</summary>
    public async Task<string> ConnectAsync(ProjectType type, int number, long list, bool ignoreUnknownDeletes = false)
    {
        if (!_destinations.TryGetValue(type, out var destinations))
        {
            destinations = _destinations[type] = [await DestinationAsync(type, "a"), await DestinationAsync(type, "b")];
        }

        var body = $$$"""
            {"destinationId":"{{{destinations[number % 2]}}}","destinationConfig":{"audienceId":{{{list}}}},"syncSettings":{"unknownDeletes":"{{{(ignoreUnknownDeletes ? "ignore" : "send")}}}"}}
            """;
        return (string)(await SendAsync(HttpMethod.Post, "/v2/retl-connections", body))["id"]!;
    }

    /// <summary>Pushes records and answers with the finished sync.</summary>
    public async Task<JsonNode> PushAsync(string connection, IEnumerable<string> lines, bool full = false, bool resend = false, bool dryRun = false)
    {
        var path = $"/v2/retl-connections/{connection}/syncs?wait=60&syncType={(full ? "full" : "incremental")}{(resend ? "&resend=true" : "")}{(dryRun ? "&dryRun=true" : "")}";
        var sync = await SendAsync(HttpMethod.Post, path, string.Concat(lines.Select(l => l + "\n")), "application/x-ndjson");
        return sync["syncId"] is { } unfinished ? await FinishedAsync(connection, unfinished) : sync;
    }

    /// <summary>Approves a held sync and answers with the finished sync that runs its plan.</summary>
    public async Task<JsonNode> ApproveAsync(string connection, JsonNode held)
    {
        var syncs = $"/v2/retl-connections/{connection}/syncs";
        var started = await SendAsync(HttpMethod.Post, $"{syncs}/{held["id"]}/approve", $$"""{"planHash":"{{held["planHash"]}}"}""");
        return await FinishedAsync(connection, started["syncId"]!);
    }

    public async Task StopAsync(string connection)
    {
        using var response = await _client.Value.PostAsync(new Uri($"/v2/retl-connections/{connection}/stop", UriKind.Relative), null, TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode);
    }

    /// <summary>What became of every record of a sync.</summary>
    public async Task<IReadOnlyList<JsonNode>> RecordsAsync(string connection, JsonNode sync)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v2/retl-connections/{connection}/syncs/{sync["id"]}/records");
        request.Headers.Accept.ParseAdd("application/x-ndjson");
        using var response = await _client.Value.SendAsync(request, TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, text);
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonNode.Parse(l)!)];
    }

    /// <summary>The small numbers of a connection and its list.</summary>
    public async Task<(long Connection, long List)> NumbersAsync(string connection)
    {
        await using var db = _host.Provider.GetRequiredService<Func<StoreContext>>()();
        var found = await db.Connections.SingleAsync(c => c.Id == connection, TestContext.Current.CancellationToken);
        return (found.No, found.ListNo);
    }

    /// <summary>The last sync of a connection, as stored.</summary>
    public async Task<Sync> LastSyncAsync(long connection)
    {
        await using var db = _host.Provider.GetRequiredService<Func<StoreContext>>()();
        return await db.Syncs.AsNoTracking().Where(s => s.ConnectionNo == connection).OrderBy(s => s.No).LastAsync(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (_client.IsValueCreated)
        {
            _client.Value.Dispose();
        }

        await _host.DisposeAsync();
        Iterable.Dispose();
    }

    private async Task<JsonNode> FinishedAsync(string connection, JsonNode syncId)
    {
        var path = $"/v2/retl-connections/{connection}/syncs/{syncId}";
        await _client.Value.GetStringAsync(new Uri($"{path}/events", UriKind.Relative), TestContext.Current.CancellationToken);
        var sync = await SendAsync(HttpMethod.Get, path);
        Assert.Equal("closed", (string?)sync["phase"]);
        return sync;
    }

    private async Task<string> DestinationAsync(ProjectType type, string key)
    {
        var word = type switch { ProjectType.EmailBased => "email-based", ProjectType.UserIdBased => "userId-based", _ => "hybrid" };
        var account = await SendAsync(HttpMethod.Post, "/v2/accounts", $$$"""
            {"name":"{{{word}}} {{{key}}}","accountDefinitionName":"DESTINATION_ITERABLE_AUDIENCE_API_KEY",
             "options":{"dataCenter":"US","projectType":"{{{word}}}"},"secret":{"apiKey":"{{{word}}}-{{{key}}}"}}
            """);
        var destination = await SendAsync(HttpMethod.Post, "/v2/destinations", $$$"""
            {"name":"{{{word}}} {{{key}}}","type":"ITERABLE_AUDIENCE","enabled":true,"config":{"rudderAccountId":"{{{account["id"]}}}"}}
            """);
        return (string)destination["destination"]!["id"]!;
    }

    private async Task<JsonNode> SendAsync(HttpMethod method, string path, string? body = null, string type = "application/json")
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, type);
        }

        using var response = await _client.Value.SendAsync(request, TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, $"{method} {path}: {(int)response.StatusCode} {text}");
        return JsonNode.Parse(text)!;
    }
}
