using IterableAudience.Simulator.Api;
using IterableAudience.Simulator.Faults;
using IterableAudience.Tests.Stores;
using Xunit;

namespace IterableAudience.Tests.Syncs;

/// <summary>Identity, not the key, decides who leaves: a person leaves with the last row that holds the person.</summary>
public sealed class HoldingTests(SyncHosts syncs) : IClassFixture<SyncHosts>
{
    [Theory]
    [StoreData]
    public async Task An_update_that_changes_the_identity_removes_the_old_one_after_the_new_one_was_accepted(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        await audience.PushAsync(Row.Insert(1, "old@example.com", "old"));
        var done = await audience.PushAsync(Row.Update(1, "new@example.com", "new"));
        Assert.Equal(("subscribed 1", "subscribe 1, unsubscribe 1"), (done.Outcomes, done.Operations));
        Assert.Equal("subscribe 1, subscribe 1, unsubscribe 1", audience.Sent);
        Assert.Equal(("new@example.com/new", 1), (audience.Members, await audience.LedgerAsync()));
    }

    [Theory]
    [StoreData]
    public async Task An_identity_whose_replacement_is_refused_stays(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        audience.Project.AddUser("bad@example.com", "bad", hasInvalidData: true);
        await audience.PushAsync(Row.Insert(1, "old@example.com", "old"));
        var done = await audience.PushAsync(Row.Update(1, "bad@example.com", "bad"));
        Assert.Equal("failed invalid_data 1", done.Reasons);
        Assert.Equal(("old@example.com/old", 1), (audience.Members, await audience.LedgerAsync()));
    }

    [Theory]
    [StoreData]
    public async Task A_record_with_two_operations_has_the_worse_of_their_outcomes(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        await audience.PushAsync(Row.Insert(1, "old@example.com", "old"));
        audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 503, Times = 0, On = new() { Kind = CallKind.Unsubscribe } });
        var done = await audience.PushAsync(Row.Update(1, "new@example.com", "new"));
        Assert.Equal("failed delivery_failed 1", done.Reasons);
        Assert.Equal("new@example.com/new old@example.com/old", audience.Members);

        sync.World.Faults.Clear();
        var healed = await audience.PushAsync();
        Assert.Equal("total 1, retried 1", healed.ReceivedCounts);
        Assert.Equal("unsubscribed 1", healed.Outcomes);
        Assert.Equal("new@example.com/new", audience.Members);
    }

    /// <summary>Iterable keeps the e-mail that it was told last for a userId, and takes the person off who has it now.</summary>
    [Theory]
    [StoreData]
    public async Task Whom_a_row_holds_with_another_email_is_not_taken_off_by_an_email_that_was_sent_later(StoreKind store)
    {
        var audience = await syncs.On(store).AudienceAsync();
        await audience.PushAsync(Row.Insert(3, "b@example.com", "u1"), Row.Insert(9, "grace@example.org", "u9"));
        await audience.PushAsync(Row.Insert(1, "a@example.com", "u1"), Row.Insert(2, "a@example.com"));
        Assert.Equal("a@example.com/u1 grace@example.org/u9", audience.Members);

        await audience.PushAsync(Row.Delete(1), Row.Delete(2));
        Assert.Equal("a@example.com/u1 grace@example.org/u9", audience.Members);
        await audience.PushAsync(Row.Delete(3));
        Assert.Equal("grace@example.org/u9", audience.Members);
    }

    [Theory]
    [StoreData]
    public async Task So_it_is_when_the_rows_go_one_after_the_other_and_for_another_connection(StoreKind store)
    {
        var audience = await syncs.On(store).AudienceAsync();
        var other = await audience.SiblingAsync();
        await other.PushAsync(Row.Insert(3, "b@example.com", "u1"));
        await audience.PushAsync(Row.Insert(1, "a@example.com", "u1"), Row.Insert(2, "a@example.com"));
        await audience.PushAsync(Row.Delete(1));
        await audience.PushAsync(Row.Delete(2));
        Assert.Equal("a@example.com/u1", audience.Members);
        await other.PushAsync(Row.Delete(3));
        await audience.PushAsync();
        Assert.Equal("", audience.Members);
    }

    [Theory]
    [StoreData]
    public async Task A_row_of_the_userId_that_is_refused_does_not_hide_who_else_holds_it(StoreKind store)
    {
        var audience = await syncs.On(store).AudienceAsync();
        await audience.PushAsync(Row.Insert(1, "a@example.com", "u1"), Row.Insert(2, "a@example.com"), Row.Insert(5, null, "u1"));
        await audience.PushAsync(Row.Delete(1));
        audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 400, Times = 0, On = new() { Kind = CallKind.Subscribe, Identifier = "u1" } });
        await audience.PushAsync(Row.Delete(2), Row.Insert(3, "c@example.com", "u1"));
        Assert.Equal("a@example.com/u1", audience.Members);
    }

    [Theory]
    [StoreData]
    public async Task A_person_whom_another_record_holds_stays_and_leaves_with_the_last_one(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        await audience.PushAsync(Row.Insert(1, "ada@example.com", "u1"), Row.Insert(2, "ada@example.com", "u1"));
        var first = await audience.PushAsync(Row.Delete(1));
        Assert.Equal("retained held_by_another_record 1", first.Reasons);
        Assert.Equal(("completed", "ada@example.com/u1"), (first.Outcome, audience.Members));
        var last = await audience.PushAsync(Row.Delete(2));
        Assert.Equal("unsubscribed 1", last.Outcomes); // one operation ends both entries of the person
        Assert.Equal(("", 0), (audience.Members, await audience.LedgerAsync()));
    }

    [Theory]
    [StoreData]
    public async Task A_record_of_another_connection_holds_too_and_the_person_leaves_by_the_first_sync_that_finds_nobody_holding(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        var sibling = await audience.SiblingAsync();
        await audience.PushAsync(Row.Insert(1, "ada@example.com", "u1"));
        await sibling.PushAsync(Row.Insert("a", "ada@example.com", "u1"));
        Assert.Equal("retained held_by_another_record 1", (await audience.PushAsync(Row.Delete(1))).Reasons);
        Assert.Equal("ada@example.com/u1", audience.Members);
        Assert.Equal("unsubscribed 1", (await sibling.PushAsync(Row.Delete("a"))).Outcomes);
        Assert.Equal("", audience.Members);
    }

    [Theory]
    [StoreData]
    public async Task A_connection_of_another_account_with_the_same_list_holds_too(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        var account = (await sync.Host.PostAsync("/v2/accounts", $$$"""
            {"name":"Second {{{audience.Project.Id}}}","accountDefinitionName":"DESTINATION_ITERABLE_AUDIENCE_API_KEY","options":{"dataCenter":"US","projectType":"hybrid"},"secret":{"apiKey":"api-key-{{{audience.Project.Id}}}"}}
            """)).Text("id");
        var destination = (await sync.Host.PostAsync("/v2/destinations", $$$"""
            {"name":"Second {{{audience.Project.Id}}}","type":"ITERABLE_AUDIENCE","enabled":true,"config":{"rudderAccountId":"{{{account}}}"}}
            """)).Text("destination.id");
        var other = await sync.ConnectAsync(audience.Project, account, destination, audience.List);
        await other.PushAsync(Row.Insert("a", "ada@example.com", "u1"));
        await audience.PushAsync(Row.Insert(1, "ada@example.com", "u1"));
        Assert.Equal("retained held_by_another_record 1", (await audience.PushAsync(Row.Delete(1))).Reasons);
        Assert.Equal("ada@example.com/u1", audience.Members);
    }

    [Theory]
    [StoreData]
    public async Task Whose_userId_is_not_found_does_not_leave_by_an_email_that_another_record_holds(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        await audience.PushAsync(Row.Insert(1, "ada@example.com", "u1"));
        var done = await audience.PushAsync(Row.Delete(2, "ada@example.com", "u2"));
        Assert.Equal("unsubscribed was_not_member 1", done.Reasons);
        Assert.Equal(("ada@example.com/u1", "subscribe 1, unsubscribe 1"), (audience.Members, audience.Sent));
    }

    [Theory]
    [StoreData]
    public async Task Who_is_inserted_in_the_same_sync_is_not_unsubscribed_by_it(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        await audience.PushAsync(Row.Insert(1, "ada@example.com", "u1"));
        var done = await audience.PushAsync(Row.Delete(1), Row.Insert(2, "ada@example.com", "u1"));
        Assert.Equal("subscribed 1, retained 1", done.Outcomes);
        Assert.Equal("ada@example.com/u1", audience.Members);
        Assert.DoesNotContain("unsubscribe", audience.Sent, StringComparison.Ordinal);
    }

    [Theory]
    [StoreData]
    public async Task Members_of_a_deleted_connection_stay_on_the_list_and_hold_nobody(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        var sibling = await audience.SiblingAsync();
        await audience.PushAsync(Row.Insert(1, "ada@example.com", "u1"));
        await sibling.PushAsync(Row.Insert("a", "ada@example.com", "u1"), Row.Insert("b", "grace@example.com", "u2"));
        (await sync.Host.DeleteAsync(sibling.Url)).ShouldBe(System.Net.HttpStatusCode.NoContent);
        Assert.Equal("unsubscribed 1", (await audience.PushAsync(Row.Delete(1))).Outcomes);
        Assert.Equal("grace@example.com/u2", audience.Members);
    }

    [Theory]
    [StoreData]
    public async Task Without_a_key_the_userId_or_else_the_email_is_the_key(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        await audience.PushAsync(Row.Insert(null, "ada@example.com", "u1"), Row.Insert(null, "grace@example.com"));
        Assert.Equal(2, await audience.LedgerAsync());
        var done = await audience.PushAsync(Row.Insert(null, "ada.new@example.com", "u1"), Row.Delete(null, "Grace@example.com"));
        Assert.Equal("subscribed 1, unsubscribed 1", done.Outcomes);
        Assert.Equal(("ada.new@example.com/u1", 1), (audience.Members, await audience.LedgerAsync()));
    }
}
