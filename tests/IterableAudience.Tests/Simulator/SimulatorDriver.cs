using System.Net;
using System.Text.Json.Nodes;
using System.Text;
using IterableAudience.Simulator.Projects;
using IterableAudience.Simulator;
using Xunit;

namespace IterableAudience.Tests.Simulator;

/// <summary>A running simulator and a client that speaks to it as a program would.</summary>
internal sealed class SimulatorDriver : IAsyncDisposable
{
    public const long HybridList = 100101;
    public const long EmailList = 100201;
    public const long UserIdList = 100301;

    private readonly RunningSimulator _simulator;
    private readonly HttpClient _http;

    private SimulatorDriver(RunningSimulator simulator, string apiKey)
    {
        _simulator = simulator;
        // No proxy, no pooling surprises: a fault that breaks a connection must not be retried on another.
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = simulator.BaseUrl };
        _http.DefaultRequestHeaders.Add("Api-Key", apiKey);
        ApiKey = apiKey;
    }

    public string ApiKey { get; }

    public World World => _simulator.World;

    public SimulatedProject Project => World.Project(ApiKey);

    public static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public static async Task<SimulatorDriver> StartAsync(string apiKey = "sim-hybrid", Behaviour? behaviour = null, TimeProvider? time = null, bool logBodies = false)
    {
        var options = new SimulatorOptions { Behaviour = behaviour ?? new Behaviour(), LogBodies = logBodies };
        return new SimulatorDriver(await SimulatorHost.StartAsync(options, time ?? TimeProvider.System, Cancelled), apiKey);
    }

    public Task<Answer> SubscribeAsync(long listId, string subscribers, string more = "")
        => SendAsync(HttpMethod.Post, "/api/lists/subscribe", Body(listId, subscribers, more));

    public Task<Answer> UnsubscribeAsync(long listId, string subscribers, string more = "")
        => SendAsync(HttpMethod.Post, "/api/lists/unsubscribe", Body(listId, subscribers, more));

    public Task<Answer> GetAsync(string path) => SendAsync(HttpMethod.Get, path, body: null);

    public async Task<Answer> SendAsync(HttpMethod method, string path, string? body, string? apiKey = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (apiKey is not null)
        {
            request.Headers.Add("Api-Key", apiKey);
        }

        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using var client = apiKey is null ? null : new HttpClient { BaseAddress = _simulator.BaseUrl };
        using var response = await (client ?? _http).SendAsync(request, Cancelled);
        return new Answer(
            response.StatusCode,
            response.Content.Headers.ContentType?.MediaType,
            response.Headers.TryGetValues("Retry-After", out var retryAfter) ? retryAfter.Single() : null,
            await response.Content.ReadAsStringAsync(Cancelled));
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _simulator.DisposeAsync();
    }

    private static string Body(long listId, string subscribers, string more) => $$"""{"listId":{{listId}},"subscribers":[{{subscribers}}]{{more}}}""";
}

internal sealed record Answer(HttpStatusCode Status, string? ContentType, string? RetryAfter, string Text)
{
    public JsonNode Json => JsonNode.Parse(Text)!;

    public int Successes => Json["successCount"]!.GetValue<int>();

    public int Failures => Json["failCount"]!.GetValue<int>();

    /// <summary>The failure lists that name somebody: <c>invalidEmails=user@ notFoundUserIds=a,b</c>.</summary>
    public string Failed => string.Join(' ', Json["failedUpdates"]!.AsObject()
        .Where(list => list.Value!.AsArray().Count > 0)
        .Select(list => $"{list.Key}={string.Join(',', list.Value!.AsArray().Select(value => value!.GetValue<string>()))}"));
}
