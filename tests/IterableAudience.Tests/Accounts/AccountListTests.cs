using System.Net;
using IterableAudience.Tests.Stores;
using Xunit;

namespace IterableAudience.Tests.Accounts;

public sealed class AccountListTests : IAsyncDisposable
{
    private readonly ListServer _iterable = new();
    private TestHost _host = null!;

    [Theory]
    [StoreData]
    public async Task The_lists_of_a_project_are_shown_and_only_static_ones_can_be_chosen(StoreKind store)
    {
        _host = _iterable.Host(store);
        var id = await AccountAsync();
        var lists = (await _host.GetAsync($"/v2/accounts/{id}/lists?refresh=true", "viewer")).ShouldBe(HttpStatusCode.OK).At("data")!.AsArray();
        Assert.Equal([(1L, true), (2L, false)], lists.Select(l => ((long)l!["id"]!, (bool)l["selectable"]!)));
        Assert.Equal("2026-01-01T00:00:00.000Z", lists[0]!["createdAt"]!.GetValue<string>());
        Assert.Equal("Standard", lists[0]!["listType"]!.GetValue<string>());
    }

    [Theory]
    [StoreData]
    public async Task A_list_is_made_once_for_a_name(StoreKind store)
    {
        _host = _iterable.Host(store);
        var id = await AccountAsync();
        var made = (await _host.PostAsync($"/v2/accounts/{id}/lists", """{"name":"Loyal","description":"d"}""")).ShouldBe(HttpStatusCode.Created);
        Assert.Equal(100, (long)made.At("id")!);
        var again = (await _host.PostAsync($"/v2/accounts/{id}/lists", """{"name":"Loyal"}""")).ShouldBeProblem(HttpStatusCode.Conflict, "100");
        Assert.Equal(100, (long)again.At("existingListId")!);
        (await _host.PostAsync($"/v2/accounts/{id}/lists", "{}")).ShouldRefuse("name");
        Assert.Contains(await ListNamesAsync(id), n => n == "Loyal");
    }

    [Theory]
    [StoreData]
    public async Task Five_requests_for_one_list_make_one(StoreKind store)
    {
        _host = _iterable.Host(store);
        var id = await AccountAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => _host.PostAsync($"/v2/accounts/{id}/lists", """{"name":"Loyal"}""")));
        Assert.Single(answers, a => a.Status == HttpStatusCode.Created);
        Assert.Equal(1, _iterable.Count("Loyal"));
    }

    [Theory]
    [StoreData]
    public async Task A_test_tells_whether_key_and_list_work(StoreKind store)
    {
        _host = _iterable.Host(store);
        var id = await AccountAsync();
        Assert.Equal("""{"ok":true}""", (await _host.PostAsync($"/v2/accounts/{id}/test", role: "operator")).ShouldBe(HttpStatusCode.OK).Body);
        Assert.Equal("""{"ok":true}""", (await _host.PostAsync($"/v2/accounts/{id}/test", """{"listId":"1"}""")).Body);
        Assert.Equal("list_not_static", (await _host.PostAsync($"/v2/accounts/{id}/test", """{"listId":2}""")).Text("reason"));
        Assert.Equal("unknown_list", (await _host.PostAsync($"/v2/accounts/{id}/test", """{"listId":77}""")).Text("reason"));
        (await _host.PostAsync($"/v2/accounts/{id}/test", """{"listId":"x"}""")).ShouldRefuse("listId");
    }

    [Theory]
    [StoreData]
    public async Task A_wrong_key_fails_the_test_and_is_502_elsewhere(StoreKind store)
    {
        _host = _iterable.Host(store);
        var id = await AccountAsync("wrong-key-of-somebody");
        var test = (await _host.PostAsync($"/v2/accounts/{id}/test", "{}")).ShouldBe(HttpStatusCode.OK);
        Assert.False((bool)test.At("ok")!);
        Assert.Equal("wrong_key", test.Text("reason"));
        Assert.Contains("data center", test.Text("detail"), StringComparison.Ordinal);
        var lists = (await _host.GetAsync($"/v2/accounts/{id}/lists")).ShouldBeProblem(HttpStatusCode.BadGateway, "data center");
        Assert.Equal("wrong_key", lists.Text("reason"));
        Assert.DoesNotContain("wrong-key-of-somebody", lists.Body + test.Body, StringComparison.Ordinal);
    }

    [Theory]
    [StoreData]
    public async Task Iterable_out_of_reach_is_502(StoreKind store)
    {
        _host = _iterable.Host(store);
        await using var host = new TestHost(store) { Settings = { ["Iterable:BackoffBase"] = "00:00:00.001" } };
        var id = await AccountAsync(host: host);
        (await host.GetAsync($"/v2/accounts/{id}/lists")).ShouldBeProblem(HttpStatusCode.BadGateway, "Iterable");
        Assert.False((bool)(await host.PostAsync($"/v2/accounts/{id}/test")).ShouldBe(HttpStatusCode.OK).At("ok")!);
    }

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        _iterable.Dispose();
    }

    private async Task<IEnumerable<string>> ListNamesAsync(string id)
        => (await _host.GetAsync($"/v2/accounts/{id}/lists")).At("data")!.AsArray().Select(l => l!["name"]!.GetValue<string>());

    private async Task<string> AccountAsync(string key = ListServer.Key, TestHost? host = null)
        => (await (host ?? _host).PostAsync("/v2/accounts", $$$"""
            {"name":"Acme","accountDefinitionName":"DESTINATION_ITERABLE_AUDIENCE_API_KEY","options":{"dataCenter":"US","projectType":"hybrid"},"secret":{"apiKey":"{{{key}}}"}}
            """)).ShouldBe(HttpStatusCode.Created).Text("id");
}
