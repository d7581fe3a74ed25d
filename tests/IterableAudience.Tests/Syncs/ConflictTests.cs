using IterableAudience.Simulator.Projects;
using IterableAudience.Tests.Stores;
using Xunit;

namespace IterableAudience.Tests.Syncs;

/// <summary>A conflict lists the existing identifier that stood in the way, which may be that of another row.</summary>
public sealed class ConflictTests : IAsyncDisposable
{
    private SyncHost sync = null!;

    private async Task StartAsync(StoreKind store)
    {
        sync = await SyncHost.StartAsync(store);
        sync.World.Behaviour = new Behaviour { Conflicts = ConflictNaming.Holder };
    }

    public ValueTask DisposeAsync() => sync.DisposeAsync();

    [Theory]
    [StoreData]
    public async Task A_conflict_that_names_the_row_of_the_former_owner_blames_neither_and_hides_nothing(StoreKind store)
    {
        await StartAsync(store);
        var audience = await sync.AudienceAsync();
        await audience.PushAsync(Row.People(3));
        // the first row of a batch takes the e-mail of the last one, who gets another
        var body = audience.Requests[0].Body!;
        var order = Enumerable.Range(1, 3).OrderBy(n => body.IndexOf($"p{n}@", StringComparison.Ordinal)).ToArray();
        var (taker, owner) = (order[0], order[2]);
        var done = await audience.PushAsync(
            Row.Update(taker, $"p{owner}@example.com", $"p{taker}"), Row.Update(order[1], "changed@example.com", $"p{order[1]}"), Row.Update(owner, "moved@example.com", $"p{owner}"));
        // the owner is named and has succeeded, so nothing is known of the other two: they are asked for again, and by then the e-mail is free
        Assert.Equal("subscribe 3, subscribe 3, subscribe 1, subscribe 2", audience.Sent);
        Assert.Equal(("subscribed 3", ""), (done.Outcomes, done.Reasons));
        Assert.Equal($"changed@example.com/p{order[1]} moved@example.com/p{owner} p{owner}@example.com/p{taker}", audience.Members);
        Assert.Equal(3, await audience.LedgerAsync());
    }

    [Theory]
    [StoreData]
    public async Task A_conflict_that_stays_is_found_at_the_row_that_has_it_though_another_is_named(StoreKind store)
    {
        await StartAsync(store);
        var audience = await sync.AudienceAsync();
        audience.Project.AddUser("b@example.com", "bob");
        var done = await audience.PushAsync(
            Row.Insert(1, "b@example.com", "ann"), Row.Insert(2, null, "bob"), Row.Insert(3, "cid@example.com", "cid"));
        Assert.Equal(("subscribed 2, failed 1", "failed identity_conflict 1"), (done.Outcomes, done.Reasons));
        Assert.Equal("identity_conflict", (string?)(await audience.RecordAsync(done.Id, "1"))["reason"]);
        Assert.Equal("b@example.com/bob cid@example.com/cid", audience.Members);
        Assert.Equal(2, await audience.LedgerAsync());
    }

    [Theory]
    [StoreData]
    public async Task Conflicts_that_name_their_own_rows_cost_one_small_request(StoreKind store)
    {
        await StartAsync(store);
        sync.World.Behaviour = new Behaviour();
        var audience = await sync.AudienceAsync();
        audience.Project.AddUser("b@example.com", "bob");
        audience.Project.AddUser("c@example.com", "cid");
        var done = await audience.PushAsync(
            [.. Enumerable.Range(10, 20).Select(i => Row.Insert(i, $"p{i}@example.com", $"u{i}")), Row.Insert(1, "b@example.com", "ann"), Row.Insert(2, "c@example.com", "dan")]);
        // the batch, the two once more to be sure, and the second try of the sync, which needs no proof
        Assert.Equal("subscribe 22, subscribe 2, subscribe 2", audience.Sent);
        Assert.Equal(("subscribed 20, failed 2", "failed identity_conflict 2"), (done.Outcomes, done.Reasons));
        Assert.Equal(20, await audience.LedgerAsync());
    }
}
