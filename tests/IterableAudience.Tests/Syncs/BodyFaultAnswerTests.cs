using System.Net;
using System.Net.Http.Headers;
using System.Text;
using IterableAudience.Tests.Stores;
using Xunit;

namespace IterableAudience.Tests.Syncs;

/// <summary>Bodies that can't be taken as a whole: what the sender is told, and that nothing is sent to Iterable.</summary>
public sealed class BodyFaultAnswerTests(SyncHosts syncs) : IClassFixture<SyncHosts>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [StoreData("""{"records":[{"action":"insert","primaryKey":"1","fields":{"EMAIL":"ada@example.com"}}""", "breaks off")]
    [StoreData("""{"records":[{"action":"insert","primaryKey":"1","fields":{"EMAIL":"ada@example.com"}},]}""", "not valid JSON at line 1")]
    [StoreData("EMAIL,ID\nada@example.com,1", "not valid JSON")]
    [StoreData("""[{"action":"insert","primaryKey":"1","fields":{"EMAIL":"ada@example.com"}}]""", "array \"records\"")]
    [StoreData("""{"rows":[]}""", "array \"records\"")]
    [StoreData("""{"records":{}}""", "array \"records\"")]
    [StoreData("", "breaks off")]
    public async Task A_document_that_is_broken_or_no_document_is_a_400_and_sends_nothing(StoreKind store, string body, string says)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        var answer = (await audience.SendAsync(body)).ShouldBeProblem(HttpStatusCode.BadRequest, says);
        await AbortedAsync(audience, answer.Text("syncId"), says);
        Assert.DoesNotContain("ada@", answer.Body, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [StoreData]
    public async Task A_packed_body_that_is_damaged_is_a_400(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        var answer = await audience.SendAsync(Audience.Gzip(Encoding.UTF8.GetBytes(Audience.Body(Row.People(1))), Audience.Json));
        answer.ShouldBeProblem(HttpStatusCode.BadRequest, "compressed data is damaged");
        await AbortedAsync(audience, answer.Text("syncId"), "cut off, or its compressed data is damaged");
    }

    [Theory]
    [StoreData]
    public async Task A_single_value_that_is_too_large_is_a_413(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        var answer = (await audience.SendAsync($$"""{"records":[{{Row.Insert(1, "ada@example.com")}}],"note":"{{new string('x', 2_000_000)}}"}"""))
            .ShouldBeProblem(HttpStatusCode.RequestEntityTooLarge, "larger than 1 MB");
        await AbortedAsync(audience, answer.Text("syncId"), "larger than 1 MB");
    }

    [Theory]
    [StoreData("text/csv", null, "application/json or application/x-ndjson")]
    [StoreData(null, null, "application/json or application/x-ndjson")]
    [StoreData("application/json", "br", "gzip")]
    [StoreData("application/x-ndjson", "gzip, gzip", "gzip")]
    public async Task Another_media_type_or_encoding_is_a_415_and_makes_no_sync(StoreKind store, string? mediaType, string? encoding, string says)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(Audience.Body(Row.People(1))));
        content.Headers.ContentType = mediaType is null ? null : new MediaTypeHeaderValue(mediaType);
        if (encoding is not null)
            content.Headers.TryAddWithoutValidation("Content-Encoding", encoding);
        (await audience.SendAsync(content)).ShouldBeProblem(HttpStatusCode.UnsupportedMediaType, says);
        Assert.Equal(0, (int)(await audience.Host.GetAsync($"{audience.Url}/syncs")).At("paging.total")!);
    }

    [Theory]
    [StoreData]
    public async Task A_body_that_falls_silent_is_a_400_and_sends_nothing(StoreKind store)
    {
        await using var own = new SyncHost(store);
        own.Host.Settings["Intake:MaxSilence"] = "00:00:01";
        await own.InitializeAsync();
        var audience = await own.AudienceAsync();
        using var content = new OpenBody(Encoding.UTF8.GetBytes(Row.Insert(1, "ada@example.com", "u1") + "\n"), Audience.Ndjson);
        var pushing = audience.SendAsync(content);
        await audience.EndOfAsync(await BegunAsync(audience));
        content.End(); // HttpClient reads the answer only when it has sent all
        var answer = (await pushing).ShouldBeProblem(HttpStatusCode.BadRequest, "Nothing of the body arrived for 1 seconds");
        await AbortedAsync(audience, answer.Text("syncId"), "Nothing of the body arrived");
    }

    [Theory]
    [StoreData(Audience.Json)]
    [StoreData(Audience.Ndjson)]
    public async Task A_sender_who_leaves_in_mid_body_leaves_an_aborted_sync_and_nothing_is_sent(StoreKind store, string mediaType)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        var record = Row.Insert(1, "ada@example.com", "u1");
        using var gone = new CancellationTokenSource();
        using var content = new OpenBody(Encoding.UTF8.GetBytes(mediaType == Audience.Json ? $$"""{"records":[{{record}},""" : record + "\n" + record[..20]), mediaType);
        using var client = audience.Host.Client();
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{audience.Url}/syncs") { Content = content };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", TestHost.AdminToken);
        var pushing = client.SendAsync(request, gone.Token);
        await content.WrittenAsync(Cancel);
        var id = await BegunAsync(audience);
        await gone.CancelAsync();
        content.End();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pushing);
        await audience.EndOfAsync(id);
        await AbortedAsync(audience, id, "again");
        Assert.Equal("completed", (await audience.PushAsync(record)).Outcome); // the connection is free again
    }

    [Theory]
    [StoreData]
    public async Task Nobody_pushes_to_an_unknown_connection(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        (await (audience with { Connection = "unknown" }).SendAsync(Audience.Body(Row.People(1)))).ShouldBeProblem(HttpStatusCode.NotFound, "connection");
    }

    [Theory]
    [StoreData("POST", "syncs", "operator")]
    [StoreData("POST", "start", "operator")]
    [StoreData("POST", "plan", "operator")]
    [StoreData("POST", "stop", "operator")]
    [StoreData("POST", "syncs/x/approve", "operator")]
    [StoreData("POST", "syncs/x/discard", "operator")]
    [StoreData("POST", "syncs/x/cancel", "operator")]
    [StoreData("POST", "syncs/x/records/search", "operator")]
    [StoreData("GET", "syncs", "viewer")]
    [StoreData("GET", "syncs/x", "viewer")]
    [StoreData("GET", "syncs/x/records", "viewer")]
    [StoreData("GET", "syncs/x/failed-records", "viewer")]
    [StoreData("GET", "syncs/x/requests", "viewer")]
    [StoreData("GET", "syncs/x/events", "viewer")]
    public async Task Each_route_asks_for_its_role(StoreKind store, string method, string path, string role)
    {
        var sync = syncs.On(store);
        var url = $"/v2/retl-connections/x/{path}";
        var body = method == "POST" ? "{}" : null;
        (await sync.Host.SendAsync(new(method), url, body, null)).ShouldBeProblem(HttpStatusCode.Unauthorized, "token");
        if (role == "operator")
            (await sync.Host.SendAsync(new(method), url, body, "viewer")).ShouldBeProblem(HttpStatusCode.Forbidden, "viewer");
        var allowed = await sync.Host.SendAsync(new(method), url, body, role);
        Assert.Contains(allowed.Status, new[] { HttpStatusCode.NotFound, HttpStatusCode.BadRequest });
    }

    /// <summary>The sync whose body is coming in.</summary>
    private static async Task<string> BegunAsync(Audience audience)
    {
        while (true)
        {
            if ((await audience.Host.GetAsync($"{audience.Url}/syncs")).Json["syncs"]!.AsArray().FirstOrDefault() is { } begun)
                return (string)begun["id"]!;
            await Task.Yield();
        }
    }

    private static async Task AbortedAsync(Audience audience, string id, string says)
    {
        var aborted = await audience.GetAsync(id);
        Assert.Equal(("failed", "aborted", "closed"), (aborted.Status, aborted.Outcome, aborted.Phase));
        Assert.Contains(says, aborted.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("subscribed", aborted.Outcomes, StringComparison.Ordinal);
        Assert.Empty(audience.Requests);
        Assert.Empty(audience.Members);
    }
}
