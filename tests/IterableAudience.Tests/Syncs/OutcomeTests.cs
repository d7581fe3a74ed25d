using IterableAudience.Simulator.Api;
using IterableAudience.Simulator.Faults;
using IterableAudience.Simulator.Projects;
using IterableAudience.Tests.Stores;
using Xunit;

namespace IterableAudience.Tests.Syncs;

/// <summary>What Iterable says of single records, and what the sender then reads.</summary>
public sealed class OutcomeTests(SyncHosts syncs) : IClassFixture<SyncHosts>
{
    [Theory]
    [StoreData]
    public async Task Users_that_Iterable_does_not_know_fail_when_only_existing_ones_are_to_be_updated(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync(existingOnly: true);
        audience.Project.AddUser("ada@example.com", "u1");
        var done = await audience.PushAsync(Row.Insert(1, "ada@example.com", "u1"), Row.Insert(2, "new@example.com", "u2"));
        Assert.Equal("failed user_not_found 1", done.Reasons);
        Assert.Equal("ada@example.com/u1", audience.Members);
        Assert.Equal(1, await audience.LedgerAsync());
        var failed = await audience.RecordAsync(done.Id, "2");
        Assert.Equal((1, 1, 200), ((int)failed["batch"]!, (int)failed["attempts"]!, (int)failed["httpStatus"]!));
        Assert.NotNull(failed["at"]);
    }

    [Theory]
    [StoreData]
    public async Task A_forgotten_person_is_an_outcome_of_its_own_and_the_value_is_never_shown(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        audience.Project.Forget("gone@example.com", null);
        var done = await audience.PushAsync(Row.Insert(1, "gone@example.com", "u1"), Row.Insert(2, "ada@example.com", "u2"));
        Assert.Equal("subscribed 1, forgotten 1", done.Outcomes);
        Assert.Equal("forgotten user_forgotten 1", done.Reasons);
        Assert.Equal("completed_with_failures", done.Outcome);
        Assert.Equal("{}", (await audience.RecordAsync(done.Id, "1"))["identifiers"]!.ToJsonString());
        foreach (var accept in new[] { "application/json", "text/csv", "application/x-ndjson" })
        {
            var answer = await ReadTests.RecordsAsync(audience, done.Id, accept);
            Assert.DoesNotContain("gone@", answer.Body, StringComparison.Ordinal);
            Assert.Contains("ada@", answer.Body, StringComparison.Ordinal);
        }

        // final: a later sync doesn't try again by itself
        var before = audience.Requests.Count;
        await audience.PushAsync();
        Assert.Equal(before, audience.Requests.Count);
    }

    [Theory]
    [StoreData]
    public async Task To_unsubscribe_someone_forgotten_or_absent_is_done_with_a_reason(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        audience.Project.AddUser("here@example.com", "u3");
        audience.Project.Forget("gone@example.com", null);
        var done = await audience.PushAsync(
            Row.Delete(1, "gone@example.com"), Row.Delete(2, "never@example.com", "u2"), Row.Delete(3, "here@example.com", "u3"));
        Assert.Equal(("completed", "unsubscribed 3"), (done.Outcome, done.Outcomes));
        Assert.Equal("1 unsubscribed user_forgotten, 2 unsubscribed was_not_member, 3 unsubscribed", Sorted(await audience.RecordsAsync(done.Id)));
    }

    [Theory]
    [StoreData("invalidEmails", "iterable_invalid_email")]
    [StoreData("invalidUserIds", "iterable_invalid_user_id")]
    [StoreData("invalidDataEmails", "invalid_data")]
    [StoreData("notFoundEmails", "user_not_found")]
    public async Task Each_failure_list_is_a_reason(StoreKind store, string list, string reason)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        var named = list.Contains("UserId", StringComparison.Ordinal) ? "u2" : "GRACE@example.com";
        audience.Fault(new FaultRule
        {
            Fault = FaultKind.Respond,
            Status = 200,
            Times = 0,
            Body = $$$"""{"successCount":1,"failCount":1,"failedUpdates":{"{{{list}}}":["{{{named}}}"]},"invalidEmails":[],"invalidUserIds":[]}""",
        });
        var done = await audience.PushAsync(Row.Insert(1, "ada@example.com", "u1"), Row.Insert(2, "grace@example.com", "u2"));
        Assert.Equal($"1 subscribed, 2 failed {reason}", Sorted(await audience.RecordsAsync(done.Id)));
        Assert.Equal(1, await audience.LedgerAsync());
    }

    [Theory]
    [StoreData]
    public async Task Bad_data_of_a_user_fails_that_user_alone(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync(SimulatedProjectType.UserIdBased);
        audience.Project.AddUser(null, "bad", hasInvalidData: true);
        var done = await audience.PushAsync(Row.Insert(1, null, "bad"), Row.Insert(2, null, "good"));
        Assert.Equal("1 failed invalid_data, 2 subscribed", Sorted(await audience.RecordsAsync(done.Id)));
        Assert.Equal("/good", audience.Members);
    }

    [Theory]
    [StoreData]
    public async Task An_address_that_only_Iterable_refuses_is_a_failure(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync(SimulatedProjectType.EmailBased);
        // right in form; the service has no list of top-level domains, Iterable has
        var done = await audience.PushAsync(Row.Insert(1, "ada@example.qqqqq"), Row.Insert(2, "ada@example.com"));
        Assert.Equal("1 failed iterable_invalid_email, 2 subscribed", Sorted(await audience.RecordsAsync(done.Id)));
    }

    [Theory]
    [StoreData]
    public async Task A_conflict_of_identities_that_the_same_sync_resolves_is_healed_by_a_second_try(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        await audience.PushAsync(Row.Insert(1, "ada@example.com", "u1"), Row.Insert(2, "bob@example.com", "u2"));
        // the e-mail moves from u1 to u2, and u1 gets another one: whichever comes first in the batch, both end well
        var done = await audience.PushAsync(Row.Update(2, "ada@example.com", "u2"), Row.Update(1, "new@example.com", "u1"));
        Assert.Equal("subscribed 2", done.Outcomes);
        Assert.Equal("ada@example.com/u2 new@example.com/u1", audience.Members);
    }

    [Theory]
    [StoreData]
    public async Task A_conflict_that_stays_fails_with_its_reason_and_is_tried_twice(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        audience.Project.AddUser("ada@example.com", "other");
        audience.Project.AddUser("own@example.com", "u1");
        var done = await audience.PushAsync(Row.Insert(1, "ada@example.com", "u1"));
        Assert.Equal("failed identity_conflict 1", done.Reasons);
        Assert.Equal("subscribe 1, subscribe 1", audience.Sent);
        Assert.Equal(0, await audience.LedgerAsync());
    }

    [Theory]
    [StoreData]
    public async Task A_userId_that_Iterable_does_not_know_leaves_by_the_email(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        audience.Project.AddUser("ada@example.com", null, false, audience.List);
        var done = await audience.PushAsync(Row.Delete(1, "ada@example.com", "u1"));
        Assert.Equal("unsubscribed 1", done.Outcomes);
        Assert.Equal("", done.Reasons);
        Assert.Equal("", audience.Members);
        Assert.Equal("unsubscribe 1, unsubscribe 1", audience.Sent);
    }

    [Theory]
    [StoreData]
    public async Task A_delete_of_an_unknown_key_can_be_ignored(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync(more: """, "syncSettings":{"unknownDeletes":"ignore"}""");
        audience.Project.AddUser("ada@example.com", "u1", false, audience.List);
        var done = await audience.PushAsync(Row.Delete(1, "ada@example.com", "u1"));
        Assert.Equal(("unsubscribed was_not_member 1", "ada@example.com/u1"), (done.Reasons, audience.Members));
        Assert.Empty(audience.Requests);
    }

    [Theory]
    [StoreData]
    public async Task A_delete_by_key_alone_needs_no_identifier_if_the_key_is_known(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        await audience.PushAsync(Row.Insert(1, "ada@example.com", "u1"));
        var done = await audience.PushAsync(Row.Delete(1), Row.Delete(2));
        Assert.Equal("1 unsubscribed, 2 rejected no_valid_identifier", Sorted(await audience.RecordsAsync(done.Id)));
        Assert.Equal("", audience.Members);
    }

    [Theory]
    [StoreData]
    public async Task A_later_record_of_a_key_replaces_the_earlier_ones(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        var done = await audience.PushAsync(Row.Insert(1, "old@example.com", "u1"), Row.Delete(1), Row.Insert(1, "new@example.com", "u9"));
        Assert.Equal("subscribed 1, superseded 2", done.Outcomes);
        Assert.Equal("superseded later_record_same_key 2", done.Reasons);
        Assert.Equal("new@example.com/u9", audience.Members);
        Assert.Equal("subscribe 1", audience.Sent);
    }

    [Theory]
    [StoreData]
    public async Task Two_records_of_one_person_are_one_operation_and_each_has_its_outcome(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        var done = await audience.PushAsync(Row.Insert(1, "first@example.com", "u1"), Row.Insert(2, "Last@example.com", "u1"));
        Assert.Equal(("subscribed 2", "subscribe 1"), (done.Outcomes, done.Operations));
        Assert.Equal("last@example.com/u1", audience.Members);
        Assert.Equal(2, await audience.LedgerAsync());
    }

    [Theory]
    [StoreData]
    public async Task Two_records_of_one_person_whom_Iterable_refuses_both_fail_and_the_ledger_holds_neither(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        audience.Project.AddUser(null, "bad", hasInvalidData: true);
        var done = await audience.PushAsync(Row.Insert(1, "first@example.com", "bad"), Row.Insert(2, "last@example.com", "bad"));
        Assert.Equal(("failed invalid_data 2", "subscribe 1"), (done.Reasons, done.Operations));
        Assert.Equal(0, await audience.LedgerAsync());
    }

    [Theory]
    [StoreData]
    public async Task A_failure_that_no_list_names_and_that_stands_alone_is_unattributed(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        audience.Fault(new FaultRule { Fault = FaultKind.FailUnnamed, Times = 0, On = new() { Identifier = "u2" } });
        var done = await audience.PushAsync(Row.Insert(1, "ada@example.com", "u1"), Row.Insert(2, "grace@example.com", "u2"), Row.Insert(3, "edsger@example.com", "u3"));
        Assert.Equal("1 subscribed, 2 failed unattributed, 3 subscribed", Sorted(await audience.RecordsAsync(done.Id)));
        Assert.All(audience.Requests, r => Assert.Equal(CallKind.Subscribe, r.Kind));
    }

    internal static string Sorted(string records) => string.Join(", ", records.Split(", ").Order(StringComparer.Ordinal));
}
