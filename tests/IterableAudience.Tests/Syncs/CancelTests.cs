using System.Net;
using IterableAudience.Tests.Stores;
using Xunit;

namespace IterableAudience.Tests.Syncs;

public sealed class CancelTests : IAsyncDisposable
{
    private SyncHost _sync = null!;
    private Audience _audience = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private async Task StartAsync(StoreKind store)
    {
        _sync = new SyncHost(store);
        _sync.Host.Settings["Iterable:MaxInFlight"] = "1";
        await _sync.InitializeAsync();
        _audience = await _sync.AudienceAsync();
    }

    [Theory]
    [StoreData(true)]
    [StoreData(false)]
    public async Task What_is_on_the_wire_is_recorded_nothing_further_is_sent_and_the_rest_says_so(StoreKind store, bool stop)
    {
        await StartAsync(store);
        _sync.Gate.Close();
        var id = await _audience.StartAsync(Row.People(2500));
        await _sync.Gate.ArrivedAsync(Cancel);
        var url = stop ? $"{_audience.Url}/stop" : $"{_audience.Url}/syncs/{id}/cancel";
        (await _sync.Host.PostAsync(url, null, "operator")).ShouldBe(HttpStatusCode.NoContent);
        (await _sync.Host.PostAsync(url, null, "operator")).ShouldBe(HttpStatusCode.NoContent);
        _sync.Gate.Open();

        var ended = await _audience.EndOfAsync(id);
        Assert.Equal(("failed", "cancelled"), (ended.Status, ended.Outcome));
        Assert.Contains("cancelled", ended.Error, StringComparison.Ordinal);
        var sent = Assert.Single(_audience.Requests).Count;
        Assert.Equal($"subscribed {sent}, not_sent {2500 - sent}", ended.Outcomes);
        Assert.Equal($"not_sent sync_cancelled {2500 - sent}", ended.Reasons);
        Assert.Equal((sent, (long)sent), (_audience.Project.Members(_audience.List).Count, await _audience.LedgerAsync()));
        (await _sync.Host.PostAsync(url, null, "operator")).ShouldBe(HttpStatusCode.NoContent); // ended already

        // of pushed records nothing is tried again by itself
        Assert.Equal("", (await _audience.PushAsync()).Outcomes);
        Assert.Equal("subscribed 2500", (await _audience.PushAsync(Row.People(2500))).Outcomes);
    }

    [Theory]
    [StoreData]
    public async Task A_cancelled_delete_changes_nothing(StoreKind store)
    {
        await StartAsync(store);
        await _audience.PushAsync(Row.People(2500));
        _sync.Gate.Close();
        var id = await _audience.StartAsync(Row.Leavers(1100));
        await _sync.Gate.ArrivedAsync(Cancel);
        await _sync.Host.PostAsync($"{_audience.Url}/syncs/{id}/cancel", null, "operator");
        _sync.Gate.Open();
        await _audience.EndOfAsync(id);
        Assert.Equal(_audience.Project.Members(_audience.List).Count, await _audience.LedgerAsync());
    }

    [Theory]
    [StoreData]
    public async Task A_queued_sync_is_cancelled_before_it_plans(StoreKind store)
    {
        await StartAsync(store);
        var sibling = await _audience.SiblingAsync();
        _sync.Gate.Close();
        var first = await _audience.StartAsync(Row.People(1));
        await _sync.Gate.ArrivedAsync(Cancel);
        var second = await sibling.StartAsync(Row.Insert("a", "ada@example.com", "u1"), Row.Insert("b", "nobody", " "));
        (await _sync.Host.PostAsync($"{sibling.Url}/stop", null, "operator")).ShouldBe(HttpStatusCode.NoContent);
        var ended = await sibling.EndOfAsync(second);
        Assert.Equal(("cancelled", "rejected 1, not_sent 1"), (ended.Outcome, ended.Outcomes));
        _sync.Gate.Open();
        Assert.Equal("completed", (await _audience.EndOfAsync(first)).Outcome);
        Assert.Equal("p1@example.com/p1", _audience.Members);
    }

    [Theory]
    [StoreData]
    public async Task To_stop_nothing_is_fine_and_what_is_unknown_is_a_404(StoreKind store)
    {
        await StartAsync(store);
        (await _sync.Host.PostAsync($"{_audience.Url}/stop", null, "operator")).ShouldBe(HttpStatusCode.NoContent);
        (await _sync.Host.PostAsync($"{_audience.Url}/syncs/unknown/cancel", null, "operator")).ShouldBeProblem(HttpStatusCode.NotFound, "sync");
        (await _sync.Host.PostAsync("/v2/retl-connections/unknown/stop", null, "operator")).ShouldBeProblem(HttpStatusCode.NotFound, "connection");
    }

    [Theory]
    [StoreData("start", """{"syncType":"incremental"}""")]
    [StoreData("start", "{}")]
    [StoreData("start", null)]
    [StoreData("plan", null)]
    public async Task Without_a_source_there_is_nothing_to_start_or_plan(StoreKind store, string route, string? body)
    {
        await StartAsync(store);
        (await _sync.Host.PostAsync($"{_audience.Url}/{route}", body, "operator")).ShouldBeProblem(HttpStatusCode.Conflict, "no source");
    }

    [Theory]
    [StoreData]
    public async Task An_unknown_type_of_sync_is_refused(StoreKind store)
    {
        await StartAsync(store);
        (await _sync.Host.PostAsync($"{_audience.Url}/start", """{"syncType":"some"}""", "operator")).ShouldRefuse("syncType");
    }

    public ValueTask DisposeAsync() => _sync.DisposeAsync();
}
