using IterableAudience.Simulator.Projects;
using IterableAudience.Tests.Stores;
using Xunit;

namespace IterableAudience.Tests.Syncs;

/// <summary>Full batches, and who goes first.</summary>
public sealed class BatchTests(SyncHosts syncs) : IClassFixture<SyncHosts>
{
    [Theory]
    [StoreData]
    public async Task Of_2501_inserts_and_1001_deletes_become_exactly_three_subscribes_and_two_unsubscribes_all_full_but_the_last_of_each(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        for (var n = 1; n <= 1001; n++)
            audience.Project.AddUser($"old{n}@example.com", $"old{n}", false, audience.List);
        var records = Row.People(2501).Concat(Enumerable.Range(1, 1001).Select(n => Row.Delete($"old{n}", $"old{n}@example.com", $"old{n}"))).ToArray();
        Random.Shared.Shuffle(records);

        var done = await audience.PushAsync(records);

        Assert.Equal("subscribed 2501, unsubscribed 1001", done.Outcomes);
        Assert.Equal("subscribe 2501, unsubscribe 1001", done.Operations);
        Assert.Equal("subscribe 3, unsubscribe 2", done.Requests);
        var sent = audience.Sent.Split(", ");
        Assert.Equal(["unsubscribe 1", "unsubscribe 1000"], sent[..2].Order());
        Assert.Equal(["subscribe 1000", "subscribe 1000", "subscribe 501"], sent[2..].Order());
        var (leavers, joiners) = (audience.Requests.Take(2), audience.Requests.Skip(2));
        Assert.All(joiners, j => Assert.All(leavers, l => Assert.True(j.At >= l.AnsweredAt)));
        Assert.All(leavers, l => Assert.False(l.ChannelUnsubscribe));
        Assert.Equal(2501, audience.Project.Members(audience.List).Count);
        Assert.Empty(audience.Project.ChannelOptOuts());
    }

    [Theory]
    [StoreData(SimulatedProjectType.EmailBased, "ada@example.com/")]
    [StoreData(SimulatedProjectType.UserIdBased, "/u1")]
    [StoreData(SimulatedProjectType.Hybrid, "ada@example.com/u1")]
    internal async Task Each_type_of_project_is_sent_the_identifiers_that_it_takes(StoreKind store, SimulatedProjectType type, string member)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync(type);
        Assert.Equal("subscribed 1", (await audience.PushAsync(Row.Insert(1, "Ada@Example.com", "u1"))).Outcomes);
        Assert.Equal(member, audience.Members);
        Assert.Equal(1, await audience.LedgerAsync());
        Assert.Equal("unsubscribed 1", (await audience.PushAsync(Row.Delete(1))).Outcomes);
        Assert.Equal("", audience.Members);
        Assert.Equal(0, await audience.LedgerAsync());
        Assert.Empty(audience.Project.ChannelOptOuts());
    }

    [Theory]
    [StoreData(SimulatedProjectType.EmailBased, false, false)]
    [StoreData(SimulatedProjectType.Hybrid, false, false)]
    [StoreData(SimulatedProjectType.Hybrid, true, true)]
    [StoreData(SimulatedProjectType.UserIdBased, true, true)]
    internal async Task Only_projects_that_respect_it_are_told_to_update_existing_users_only(StoreKind store, SimulatedProjectType type, bool setting, bool sent)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync(type, existingOnly: setting);
        audience.Project.AddUser("ada@example.com", "u1");
        await audience.PushAsync(Row.Insert(1, "ada@example.com", "u1"));
        Assert.Equal(sent, Assert.Single(audience.Requests).UpdateExistingUsersOnly ?? false);
    }
}
