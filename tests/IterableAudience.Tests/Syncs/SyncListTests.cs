using System.Net;
using System.Text.Json.Nodes;
using IterableAudience.Tests.Stores;
using Xunit;

namespace IterableAudience.Tests.Syncs;

/// <summary>The syncs of a connection, and following one of them.</summary>
public sealed class SyncListTests(SyncHosts syncs) : IClassFixture<SyncHosts>
{
    [Theory]
    [StoreData]
    public async Task Syncs_are_listed_newest_first_in_pages(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        var ids = new List<string>();
        for (var n = 1; n <= 3; n++)
            ids.Insert(0, (await audience.PushAsync(Row.People(1, from: n))).Id);
        var all = (await audience.Host.GetAsync($"{audience.Url}/syncs", "viewer")).ShouldBe(HttpStatusCode.OK);
        Assert.Equal(["syncs", "paging"], all.Json.AsObject().Select(p => p.Key));
        Assert.Equal("""{"total":3,"next":null}""", all.At("paging")!.ToJsonString());
        Assert.Equal(ids, Ids(all));
        Assert.Equal((await audience.GetAsync(ids[0])).Json.ToJsonString(), all.Json["syncs"]![0]!.ToJsonString());

        var first = await audience.Host.GetAsync($"{audience.Url}/syncs?per_page=2&status=succeeded", "viewer");
        Assert.Equal(ids[..2], Ids(first));
        Assert.Equal(3, (int)first.At("paging.total")!);
        var second = await audience.Host.GetAsync(first.Text("paging.next"), "viewer");
        Assert.Equal(ids[2..], Ids(second));
        Assert.Null(second.At("paging.next"));
    }

    [Theory]
    [StoreData]
    public async Task They_are_filtered_by_status_and_start(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        var good = await audience.PushAsync(Row.People(1));
        var bad = await audience.PushAsync("expectedRecords=7", Row.People(1));
        Assert.Equal([good.Id], Ids(await ListAsync(audience, "status=succeeded")));
        Assert.Equal([bad.Id], Ids(await ListAsync(audience, "status=failed")));
        Assert.Empty(Ids(await ListAsync(audience, "status=running")));
        var start = (string)bad.Json["startedAt"]!;
        Assert.Equal([good.Id], Ids(await ListAsync(audience, $"started_before={start}")));
        Assert.Equal([bad.Id], Ids(await ListAsync(audience, $"started_after={(string)good.Json["startedAt"]!}")));
        Assert.Empty(Ids(await ListAsync(audience, "started_after=2100-01-01T00:00:00Z")));
    }

    [Theory]
    [StoreData("status=done", "status")]
    [StoreData("per_page=0", "per_page")]
    [StoreData("page=0", "page")]
    [StoreData("started_after=yesterday", "started_after")]
    public async Task A_wrong_filter_is_refused(StoreKind store, string query, string field)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        (await ListAsync(audience, query)).ShouldRefuse(field);
    }

    [Theory]
    [StoreData]
    public async Task A_connection_shows_its_last_sync_and_its_members(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        var done = await audience.PushAsync(Row.People(2));
        var connection = await audience.Host.GetAsync(audience.Url, "viewer");
        Assert.Equal(2, (int)connection.At("members")!);
        Assert.Equal((done.Id, "completed"), (connection.Text("lastSync.id"), connection.Text("lastSync.outcome")));
        Assert.Equal((string?)done.Json["finishedAt"], connection.Text("lastSync.finishedAt"));
    }

    [Theory]
    [StoreData]
    public async Task Events_follow_a_sync_to_its_end(StoreKind store)
    {
        await using var own = await SyncHost.StartAsync(store);
        var audience = await own.AudienceAsync();
        own.Gate.Close();
        var id = await audience.StartAsync(Row.People(3));
        await own.Gate.ArrivedAsync(TestContext.Current.CancellationToken);
        using var client = own.Host.Client();
        client.DefaultRequestHeaders.Authorization = new("Bearer", await own.Host.TokenAsync("viewer"));
        using var answer = await client.GetAsync(new Uri($"{audience.Url}/syncs/{id}/events", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        Assert.Equal("text/event-stream", answer.Content.Headers.ContentType!.MediaType);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        var (name, view) = await NextAsync(reader);
        Assert.Equal(("progress", "sending", 3), (name, view.Phase, (int)view.Json["report"]!["progress"]!["staged"]!));
        own.Gate.Open();
        while (name == "progress")
            (name, view) = await NextAsync(reader);
        Assert.Equal(("finished", "completed", "subscribed 3"), (name, view.Outcome, view.Outcomes));
        Assert.Empty((await reader.ReadToEndAsync(TestContext.Current.CancellationToken)).Trim());
    }

    private static Task<Answer> ListAsync(Audience audience, string query) => audience.Host.GetAsync($"{audience.Url}/syncs?{query}", "viewer");

    private static IEnumerable<string?> Ids(Answer list) => list.Json["syncs"]!.AsArray().Select(s => (string?)s!["id"]);

    private static async Task<(string Name, SyncResult View)> NextAsync(StreamReader reader)
    {
        var (name, data) = ("", "");
        while (await reader.ReadLineAsync(TestContext.Current.CancellationToken) is { Length: > 0 } line)
        {
            if (line.StartsWith("event: ", StringComparison.Ordinal))
                name = line[7..];
            if (line.StartsWith("data: ", StringComparison.Ordinal))
                data += line[6..];
        }

        return (name, new SyncResult(JsonNode.Parse(data)!));
    }
}
