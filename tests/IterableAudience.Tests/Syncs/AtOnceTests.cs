using System.Net;
using IterableAudience.Tests.Stores;
using Xunit;

namespace IterableAudience.Tests.Syncs;

/// <summary>Two requests that exclude each other come at the same moment: one of them wins, and the other one is told.</summary>
public sealed class AtOnceTests : IAsyncDisposable
{
    private const string Strict = """, "syncSettings":{"guard":{"enabled":true,"maxRemovalPercent":50,"minRemovals":2}}""";

    private readonly Brink _brink = new();
    private SyncHost _sync = null!;
    private Audience _audience = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private async Task StartAsync(StoreKind store)
    {
        _sync = new SyncHost(store);
        _brink.Watch(_sync);
        await _sync.InitializeAsync();
        _audience = await _sync.AudienceAsync(more: Strict);
        await _audience.PushAsync(Row.People(4));
    }

    [Theory]
    [StoreData]
    public async Task A_push_that_begins_when_its_connection_has_just_been_deleted_puts_nobody_on_the_list(StoreKind store)
    {
        await StartAsync(store);
        var pushing = await AtTheBrinkAsync(() => _audience.SendAsync(Audience.Body(Row.People(1, from: 7)), "wait=60"));
        (await DeleteAsync()).ShouldBe(HttpStatusCode.NoContent);

        _brink.Release();
        (await pushing).ShouldBeProblem(HttpStatusCode.NotFound, "no connection");
        Assert.Equal("subscribe 4", _audience.Sent);
        await NobodyIsHeldAsync();
    }

    [Theory]
    [StoreData]
    public async Task A_connection_on_which_a_push_has_just_begun_is_not_deleted(StoreKind store)
    {
        await StartAsync(store);
        var deleting = await AtTheBrinkAsync(DeleteAsync);
        _sync.Gate.Close();
        var running = await _audience.StartAsync(Row.People(1, from: 7));
        await _sync.Gate.ArrivedAsync(Cancel);

        _brink.Release();
        Assert.Equal(running, (await deleting).ShouldBeProblem(HttpStatusCode.Conflict, "is running").Text("syncId"));
        _sync.Gate.Open();
        Assert.Equal("completed", (await _audience.EndOfAsync(running)).Outcome);
        Assert.Equal(5, await _audience.LedgerAsync());
    }

    [Theory]
    [StoreData]
    public async Task A_delete_waits_for_a_push_that_has_begun_and_is_not_stored_yet(StoreKind store)
    {
        await StartAsync(store);
        var pushing = await AtTheBrinkAsync(() => _audience.SendAsync(Audience.Body(Row.People(1, from: 7)), "wait=60"), atCommit: true);
        _sync.Gate.Close();
        var deleting = DeleteAsync();
        await Task.WhenAny(deleting, _brink.Next);

        _brink.Release();
        (await deleting).ShouldBeProblem(HttpStatusCode.Conflict, "is running");
        _sync.Gate.Open();
        Assert.Equal("completed", Audience.Finished(await pushing).Outcome);
        Assert.Equal(5, await _audience.LedgerAsync());
    }

    [Theory]
    [StoreData]
    public async Task A_plan_that_has_just_been_discarded_is_not_approved(StoreKind store)
    {
        await StartAsync(store);
        var held = await _audience.PushAsync(Row.Leavers(3));
        var approving = await AtTheBrinkAsync(() => _audience.ApproveAsync(held));
        (await _audience.DiscardAsync(held.Id)).ShouldBe(HttpStatusCode.OK);

        _brink.Release();
        (await approving).ShouldBeProblem(HttpStatusCode.Conflict, "no plan that waits for a decision: it is discarded");
        Assert.Equal("discarded", (await _audience.GetAsync(held.Id)).Outcome);
        Assert.Equal("completed", (await _audience.PushAsync(Row.People(1))).Outcome); // the connection is free
        Assert.Equal(4, _audience.Project.Members(_audience.List).Count);
    }

    [Theory]
    [StoreData]
    public async Task A_plan_that_has_just_been_approved_is_not_discarded(StoreKind store)
    {
        await StartAsync(store);
        var held = await _audience.PushAsync(Row.Leavers(3));
        var discarding = await AtTheBrinkAsync(() => _audience.DiscardAsync(held.Id));
        Assert.Equal("unsubscribed 3", (await _audience.ApprovedAsync(held)).Outcomes);

        _brink.Release();
        (await discarding).ShouldBeProblem(HttpStatusCode.Conflict, "has been approved");
        var still = await _audience.GetAsync(held.Id);
        Assert.Equal(("held", "not_sent plan_held 3"), (still.Outcome, still.Reasons));
    }

    [Theory]
    [StoreData(Only = StoreKind.PostgreSql)] // on SQLite nobody writes beside a transaction that is not committed
    public async Task Of_an_approval_and_a_discard_that_are_both_under_way_one_wins(StoreKind store)
    {
        await StartAsync(store);
        var held = await _audience.PushAsync(Row.Leavers(3));
        var approving = await AtTheBrinkAsync(() => _audience.ApproveAsync(held), atCommit: true);
        var discarding = _audience.DiscardAsync(held.Id);
        await Task.WhenAny(discarding, _brink.Next);

        _brink.Release();
        (await discarding).ShouldBeProblem(HttpStatusCode.Conflict, "has been approved");
        Assert.Equal("unsubscribed 3", (await _audience.EndOfAsync((await approving).ShouldBe(HttpStatusCode.Accepted).Text("syncId"))).Outcomes);
    }

    [Theory]
    [StoreData]
    public async Task A_plan_is_discarded_once(StoreKind store)
    {
        await StartAsync(store);
        var held = await _audience.PushAsync(Row.Leavers(3));
        var discarding = await AtTheBrinkAsync(() => _audience.DiscardAsync(held.Id));
        (await _audience.DiscardAsync(held.Id)).ShouldBe(HttpStatusCode.OK);

        _brink.Release();
        (await discarding).ShouldBeProblem(HttpStatusCode.Conflict, "it is discarded");
    }

    public ValueTask DisposeAsync()
    {
        _brink.Release();
        return _sync.DisposeAsync();
    }

    private async Task<Task<Answer>> AtTheBrinkAsync(Func<Task<Answer>> send, bool atCommit = false)
    {
        await _sync.Host.TokenAsync("operator");
        _brink.Arm(atCommit);
        var sending = send();
        await await Task.WhenAny(_brink.Arrived, sending);
        Assert.False(sending.IsCompleted);
        return sending;
    }

    private Task<Answer> DeleteAsync() => _sync.Host.DeleteAsync(_audience.Url);

    /// <summary>The members of a deleted connection stay on the list, and whoever else names them takes them off.</summary>
    private async Task NobodyIsHeldAsync()
    {
        var other = await _audience.SiblingAsync();
        var ended = await other.PushAsync(Row.Delete(1, "p1@example.com", "p1"), Row.Delete(2, "p2@example.com", "p2"));
        Assert.Equal("unsubscribed 2", ended.Outcomes);
    }
}
