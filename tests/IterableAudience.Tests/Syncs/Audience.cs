using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using IterableAudience.Simulator.Api;
using IterableAudience.Simulator.Control;
using IterableAudience.Simulator.Faults;
using IterableAudience.Simulator.Projects;
using Xunit;

namespace IterableAudience.Tests.Syncs;

/// <summary>A connection with an Iterable project and a list of its own, and what one does with it.</summary>
internal sealed record Audience(SyncHost Sync, SimulatedProject Project, string Account, string Destination, string Connection, long List)
{
    public const string Json = "application/json";
    public const string Ndjson = "application/x-ndjson";

    private static readonly string[] FaultsOfAll = ["subscribe", "unsubscribe"];

    public TestHost Host => Sync.Host;

    public string Url => $"/v2/retl-connections/{Connection}";

    /// <summary>Who is on the list, e.g. <c>ada@example.com/u1 grace@example.com/ /u3</c>.</summary>
    public string Members => string.Join(' ', Project.Members(List).Select(p => $"{p.Email}/{p.UserId}").Order(StringComparer.Ordinal));

    /// <summary>The subscribes and unsubscribes that the project received.</summary>
    public IReadOnlyList<RequestLogEntry> Requests
        => [.. Sync.World.Log.Entries.Where(e => e.ProjectId == Project.Id && e.Kind is CallKind.Subscribe or CallKind.Unsubscribe)];

    /// <summary>What was sent, e.g. <c>unsubscribe 1000, subscribe 3</c>.</summary>
    public string Sent => string.Join(", ", Requests.Select(r => $"{FaultsOfAll[r.Kind == CallKind.Subscribe ? 0 : 1]} {r.Count}"));

    public static string Body(params IEnumerable<string> records) => $$"""{"records":[{{string.Join(',', records)}}]}""";

    public void Fault(FaultRule rule) => Sync.World.Faults.Add(rule with { On = rule.On with { Project = Project.Id } });

    /// <summary>Pushes records and waits for the end.</summary>
    public Task<SyncResult> PushAsync(params string[] records) => PushAsync("", records);

    /// <summary>Pushes records with further query parameters, e.g. <c>syncType=full</c>, and waits for the end.</summary>
    public async Task<SyncResult> PushAsync(string query, IReadOnlyCollection<string> records)
        => Finished(await SendAsync(Body(records), "wait=60&" + query));

    public Task<SyncResult> FullAsync(params string[] records) => PushAsync("syncType=full", records);

    /// <summary>Pushes records and doesn't wait.</summary>
    public async Task<string> StartAsync(params string[] records)
        => (await SendAsync(Body(records))).ShouldBe(HttpStatusCode.Accepted).Text("syncId");

    /// <summary>Pushes any body.</summary>
    public Task<Answer> SendAsync(string body, string query = "", string mediaType = Json, string? key = null, string? role = "operator")
        => SendAsync(new StringContent(body, Encoding.UTF8, mediaType), query, key, role);

    public async Task<Answer> SendAsync(HttpContent body, string query = "", string? key = null, string? role = "operator")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{Url}/syncs?{query}") { Content = body };
        if (key is not null)
            request.Headers.Add("Idempotency-Key", key);
        return await Host.SendAsync(request, role);
    }

    public async Task<SyncResult> GetAsync(string sync)
        => new((await Host.GetAsync($"{Url}/syncs/{sync}", "viewer")).ShouldBe(HttpStatusCode.OK).Json);

    /// <summary>Follows the sync's events to its end.</summary>
    public async Task<SyncResult> EndOfAsync(string sync)
    {
        var events = await Host.GetAsync($"{Url}/syncs/{sync}/events", "viewer");
        Assert.StartsWith("event: finished", events.ShouldBe(HttpStatusCode.OK).Body.Split("\n\n")[^2], StringComparison.Ordinal);
        return await GetAsync(sync);
    }

    /// <summary>The records of a sync, e.g. <c>1 subscribed, 2 rejected invalid_email</c>.</summary>
    public async Task<string> RecordsAsync(string sync, string query = "")
        => string.Join(", ", (await RecordListAsync(sync, query)).Select(r => string.Join(
            ' ', new[] { (string?)r!["primaryKey"] ?? "-", (string?)r["outcome"], (string?)r["reason"] }.Where(t => t is not null))));

    public async Task<JsonArray> RecordListAsync(string sync, string query = "", string role = "operator")
        => (await Host.GetAsync($"{Url}/syncs/{sync}/records?{query}", role)).ShouldBe(HttpStatusCode.OK).Json["data"]!.AsArray();

    /// <summary>The one record of a key.</summary>
    public async Task<JsonNode> RecordAsync(string sync, string key)
        => Assert.Single(await RecordListAsync(sync), r => (string?)r!["primaryKey"] == key)!;

    /// <summary>How many members the ledger holds for this connection.</summary>
    public async Task<long> LedgerAsync() => (long)(await Host.GetAsync(Url)).At("members")!;

    public Task<Answer> ApproveAsync(SyncResult sync, string? hash = null)
        => Host.PostAsync($"{Url}/syncs/{sync.Id}/approve", new JsonObject { ["planHash"] = hash ?? sync.PlanHash }.ToJsonString(), "operator");

    public async Task<SyncResult> ApprovedAsync(SyncResult sync)
        => await EndOfAsync((await ApproveAsync(sync)).ShouldBe(HttpStatusCode.Accepted).Text("syncId"));

    public Task<Answer> DiscardAsync(string sync) => Host.PostAsync($"{Url}/syncs/{sync}/discard", null, "operator");

    public static SyncResult Finished(Answer answer) => new(answer.ShouldBe(HttpStatusCode.OK).Json);

    /// <summary>A second connection on the same list.</summary>
    public Task<Audience> SiblingAsync(string more = "") => Sync.ConnectAsync(Project, Account, Destination, List, more);

    public static ByteArrayContent Gzip(byte[] compressed, string mediaType)
        => new(compressed) { Headers = { ContentType = new MediaTypeHeaderValue(mediaType), ContentEncoding = { "gzip" } } };
}
