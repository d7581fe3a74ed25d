using IterableAudience.Tests.Stores;
using Xunit;

namespace IterableAudience.Tests.Syncs;

/// <summary>A full push: the records are the whole audience.</summary>
public sealed class FullPushTests(SyncHosts syncs) : IClassFixture<SyncHosts>
{
    [Theory]
    [StoreData]
    public async Task Only_the_difference_is_sent_and_absent_members_leave(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        await audience.PushAsync(Row.People(3));
        var done = await audience.FullAsync(Row.Insert(1, "p1@example.com", "p1"), Row.Insert(2, "new2@example.com", "p2"), Row.Insert(4, "p4@example.com", "p4"));
        Assert.Equal("full", (string?)done.Json["syncType"]);
        Assert.Equal("subscribed 2, unsubscribed 1, unchanged 1", done.Outcomes);
        Assert.Equal("unchanged already_member 1", done.Reasons);
        Assert.Equal("total 4, insert 3, absent 1", done.ReceivedCounts);
        Assert.Equal("new2@example.com/p2 p1@example.com/p1 p4@example.com/p4", audience.Members);
        Assert.Equal(3, await audience.LedgerAsync());
        Assert.Equal("subscribe 3, unsubscribe 1, subscribe 2", audience.Sent);
        var absent = await audience.RecordAsync(done.Id, "3");
        Assert.Null(absent["line"]);
        Assert.Equal("unsubscribed", (string?)absent["outcome"]);
    }

    [Theory]
    [StoreData]
    public async Task With_resend_everything_is_sent(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        await audience.PushAsync(Row.People(2));
        var done = await audience.PushAsync("syncType=full&resend=true", Row.People(2));
        Assert.Equal("subscribed 2", done.Outcomes);
        Assert.Equal("subscribe 2, subscribe 2", audience.Sent);
    }

    [Theory]
    [StoreData]
    public async Task A_delete_is_refused_there(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        await audience.PushAsync(Row.People(2));
        var done = await audience.FullAsync(Row.Insert(1, "p1@example.com", "p1"), Row.Delete(2));
        Assert.Equal("rejected unsupported_action 1", string.Join(", ", done.Reasons.Split(", ").Where(r => r.StartsWith("rejected", StringComparison.Ordinal))));
        Assert.Equal("p1@example.com/p1 p2@example.com/p2", audience.Members);
    }

    [Theory]
    [StoreData("{\"action\":")]
    [StoreData("""{"action":"insert","primaryKey":null,"fields":{"EMAIL":"x@example.com","ID":"x"}}""")]
    public async Task When_a_record_has_no_usable_key_nobody_is_removed_for_absence(StoreKind store, string unreadable)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        await audience.PushAsync(Row.People(2));
        var done = Audience.Finished(await audience.SendAsync(unreadable + "\n" + Row.Insert(1, "p1@example.com", "p1"), "wait=60&syncType=full", Audience.Ndjson));
        Assert.Equal("removals_skipped 1", done.Warnings);
        Assert.Equal("unchanged 1, rejected 1", done.Outcomes);
        Assert.Equal("p1@example.com/p1 p2@example.com/p2", audience.Members);
    }

    [Theory]
    [StoreData]
    public async Task A_rejected_record_keeps_its_member(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        await audience.PushAsync(Row.People(2));
        var done = await audience.FullAsync(Row.Insert(1, "no address", " x"), Row.Insert(2, "p2@example.com", "p2"));
        Assert.Equal("unchanged 1, rejected 1", done.Outcomes);
        Assert.Equal("", done.Warnings);
        Assert.Equal("p1@example.com/p1 p2@example.com/p2", audience.Members);
    }

    [Theory]
    [StoreData]
    public async Task Members_of_another_connection_are_not_absent(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        var sibling = await audience.SiblingAsync();
        await sibling.PushAsync(Row.Insert("a", "ada@example.com", "u1"));
        await audience.PushAsync(Row.People(1));
        await audience.FullAsync(Row.Insert(2, "p2@example.com", "p2"));
        Assert.Equal("ada@example.com/u1 p2@example.com/p2", audience.Members);
    }
}
