using System.Net;
using System.Net.Sockets;
using System.Text;
using IterableAudience.Tests.Stores;
using Xunit;

namespace IterableAudience.Tests.Syncs;

/// <summary>When no sync can start, and that this is known before the body is read.</summary>
public sealed class BusyTests : IAsyncDisposable
{
    private SyncHost _sync = null!;
    private Audience _audience = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private async Task StartAsync(StoreKind store)
    {
        _sync = await SyncHost.StartAsync(store);
        _audience = await _sync.AudienceAsync();
    }

    [Theory]
    [StoreData]
    public async Task One_sync_of_a_connection_runs_at_a_time(StoreKind store)
    {
        await StartAsync(store);
        _sync.Gate.Close();
        var running = await _audience.StartAsync(Row.People(1));
        await _sync.Gate.ArrivedAsync(Cancel);
        var answer = (await _audience.SendAsync(Audience.Body(Row.People(1)))).ShouldBeProblem(HttpStatusCode.Conflict, "already running");
        Assert.Equal(running, answer.Text("syncId"));
        Assert.InRange(answer.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
        _sync.Gate.Open();
        await _audience.EndOfAsync(running);
        Assert.Equal("completed", (await _audience.PushAsync(Row.People(1, from: 2))).Outcome);
    }

    [Theory]
    [StoreData]
    public async Task Of_pushes_at_the_same_time_one_runs_and_the_others_are_told_which(StoreKind store)
    {
        await StartAsync(store);
        _sync.Gate.Close();
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => _audience.SendAsync(Audience.Body(Row.People(1)))));
        var taken = Assert.Single(answers, a => a.Status == HttpStatusCode.Accepted).Text("syncId");
        Assert.All(answers.Where(a => a.Status != HttpStatusCode.Accepted), a => Assert.Equal(taken, a.ShouldBeProblem(HttpStatusCode.Conflict, "running").Text("syncId")));
        _sync.Gate.Open();
        await _audience.EndOfAsync(taken);
        Assert.Equal("subscribe 1", _audience.Sent);
    }

    [Theory]
    [StoreData]
    public async Task A_sync_of_another_connection_on_the_list_waits_as_queued(StoreKind store)
    {
        await StartAsync(store);
        var sibling = await _audience.SiblingAsync();
        _sync.Gate.Close();
        var first = await _audience.StartAsync(Row.People(1));
        await _sync.Gate.ArrivedAsync(Cancel);
        var second = await sibling.StartAsync(Row.Delete(1, "p1@example.com", "p1"));
        var waiting = await sibling.GetAsync(second);
        Assert.Equal(("running", "queued", "queued"), (waiting.Status, waiting.Outcome, waiting.Phase));
        Assert.Equal(1, waiting.Received);
        _sync.Gate.Open();
        Assert.Equal("subscribed 1", (await _audience.EndOfAsync(first)).Outcomes);
        // it planned after the other had ended, so it knows that the person is held
        Assert.Equal("retained held_by_another_record 1", (await sibling.EndOfAsync(second)).Reasons);
        Assert.Equal("p1@example.com/p1", _audience.Members);
    }

    [Theory]
    [StoreData(true, "connection is disabled")]
    [StoreData(false, "destination is disabled")]
    public async Task A_disabled_connection_or_destination_runs_no_sync(StoreKind store, bool connection, string says)
    {
        await StartAsync(store);
        await DisableAsync(connection);
        (await _audience.SendAsync(Audience.Body(Row.People(1)))).ShouldBeProblem(HttpStatusCode.Conflict, says);
        Assert.Empty(_audience.Requests);
    }

    [Theory]
    [StoreData]
    public async Task Disabled_is_said_before_running(StoreKind store)
    {
        await StartAsync(store);
        _sync.Gate.Close();
        var running = await _audience.StartAsync(Row.People(1));
        await _sync.Gate.ArrivedAsync(Cancel);
        await DisableAsync(connection: true);
        (await _audience.SendAsync(Audience.Body(Row.People(1)))).ShouldBeProblem(HttpStatusCode.Conflict, "disabled");
        _sync.Gate.Open();
        Assert.Equal("completed", (await _audience.EndOfAsync(running)).Outcome);
    }

    [Theory]
    [StoreData("disabled", "disabled")]
    [StoreData("running", "already running")]
    [StoreData("unknown", "no connection")]
    [StoreData("media type", "application/json or application/x-ndjson")]
    public async Task What_refuses_a_push_does_so_before_its_body_has_come(StoreKind store, string why, string says)
    {
        await StartAsync(store);
        if (why == "disabled")
            await DisableAsync(connection: true);
        _sync.Gate.Close();
        if (why == "running")
            await _audience.StartAsync(Row.People(1));
        var head = await HeadOnlyAsync(why == "unknown" ? "/v2/retl-connections/unknown" : _audience.Url, why == "media type" ? "text/plain" : Audience.Json);
        Assert.Contains(says, head, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [StoreData]
    public async Task A_stop_ends_a_push_whose_body_is_still_coming(StoreKind store)
    {
        await StartAsync(store);
        using var content = new OpenBody(Encoding.UTF8.GetBytes(Row.Insert(1, "ada@example.com", "u1") + "\n"), Audience.Ndjson);
        var pushing = _audience.SendAsync(content);
        await content.WrittenAsync(Cancel);
        string? id = null;
        while (id is null)
            id = (string?)(await _sync.Host.GetAsync($"{_audience.Url}/syncs?status=running")).Json["syncs"]!.AsArray().FirstOrDefault()?["id"];
        (await _sync.Host.PostAsync($"{_audience.Url}/stop", null, "operator")).ShouldBe(HttpStatusCode.NoContent);
        var ended = await _audience.EndOfAsync(id);
        content.End(); // HttpClient reads the answer only when it has sent all
        (await pushing).ShouldBeProblem(HttpStatusCode.Conflict, "stopped while its body was coming in");
        Assert.Equal(("failed", "cancelled"), (ended.Status, ended.Outcome));
        Assert.Empty(_audience.Requests);
    }

    public ValueTask DisposeAsync() => _sync.DisposeAsync();

    private async Task DisableAsync(bool connection)
    {
        var answer = connection
            ? await _sync.Host.PutAsync(_audience.Url, """{"enabled":false}""")
            : await _sync.Host.PutAsync($"/v2/destinations/{_audience.Destination}", """{"enabled":false}""");
        answer.ShouldBe(HttpStatusCode.OK);
    }

    /// <summary>Sends the head of a push, never its body, and reads the answer.</summary>
    private async Task<string> HeadOnlyAsync(string url, string mediaType)
    {
        using var client = new TcpClient();
        var address = _sync.Host.Address;
        await client.ConnectAsync(address.Host, address.Port, Cancel);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST {url}/syncs HTTP/1.1\r\nHost: {address.Authority}\r\nAuthorization: Bearer {TestHost.AdminToken}\r\nContent-Type: {mediaType}\r\nContent-Length: 1000\r\n\r\n"), Cancel);
        var text = new StringBuilder();
        var bytes = new byte[4096];
        while (!text.ToString().Contains("\"errors\"", StringComparison.Ordinal))
        {
            var read = await stream.ReadAsync(bytes, Cancel);
            if (read == 0)
                break;
            text.Append(Encoding.UTF8.GetString(bytes, 0, read));
        }

        return text.ToString();
    }
}
