using System.Net;
using IterableAudience.Simulator.Api;
using IterableAudience.Simulator.Faults;
using IterableAudience.Tests.Stores;
using Xunit;

namespace IterableAudience.Tests.Syncs;

/// <summary>Plans that wait for a person: held, approved, discarded, dry runs.</summary>
public sealed class GuardTests(SyncHosts syncs) : IClassFixture<SyncHosts>
{
    private const string Strict = """, "syncSettings":{"guard":{"enabled":true,"maxRemovalPercent":50,"minRemovals":2}}""";
    private const string Off = """, "syncSettings":{"guard":{"enabled":false}}""";

    [Theory]
    [StoreData]
    public async Task A_plan_that_removes_too_much_is_held_and_runs_when_it_is_approved(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync(more: Strict);
        await audience.PushAsync(Row.People(4));
        var held = await audience.PushAsync(Row.Leavers(3));
        Assert.Equal(("failed", "held", "not_sent 3"), (held.Status, held.Outcome, held.Outcomes));
        Assert.Equal("not_sent plan_held 3", held.Reasons);
        Assert.Contains("removes 3 of 4 members", held.Error, StringComparison.Ordinal);
        Assert.Equal(4, audience.Project.Members(audience.List).Count);

        var answer = (await audience.ApproveAsync(held)).ShouldBe(HttpStatusCode.Accepted);
        var approved = await audience.EndOfAsync(answer.Text("syncId"));
        Assert.NotEqual(held.Id, approved.Id);
        Assert.Equal(("succeeded", "completed", "unsubscribed 3"), (approved.Status, approved.Outcome, approved.Outcomes));
        Assert.Equal("approval", (string?)approved.Json["trigger"]);
        Assert.Equal(held.PlanHash, approved.PlanHash);
        Assert.Equal(("p4@example.com/p4", 1), (audience.Members, await audience.LedgerAsync()));
        Assert.Equal("1 unsubscribed, 2 unsubscribed, 3 unsubscribed", OutcomeTests.Sorted(await audience.RecordsAsync(approved.Id)));
        (await audience.ApproveAsync(held)).ShouldBeProblem(HttpStatusCode.Conflict, "changed since");
    }

    /// <summary>Nobody left the list when the rows went: so the guard looks when somebody would.</summary>
    [Theory]
    [StoreData]
    public async Task People_whom_somebody_else_held_count_when_that_one_lets_go(StoreKind store)
    {
        var audience = await syncs.On(store).AudienceAsync(more: Strict);
        var other = await audience.SiblingAsync();
        await audience.PushAsync(Row.People(5));
        await other.PushAsync(Row.People(5));
        Assert.Equal("retained 4", (await audience.PushAsync(Row.Leavers(4))).Outcomes);
        (await audience.Host.DeleteAsync(other.Url)).ShouldBe(HttpStatusCode.NoContent);

        var held = await audience.PushAsync();
        Assert.Equal(("held", 5), (held.Outcome, audience.Project.Members(audience.List).Count));
        Assert.Contains("removes 4 people while the connection has 1 member", held.Error, StringComparison.Ordinal);
        Assert.Equal("completed", (await audience.ApprovedAsync(held)).Outcome);
        Assert.Equal("p5@example.com/p5", audience.Members);
    }

    [Theory]
    [StoreData]
    public async Task A_removal_that_failed_has_passed_the_guard(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync(more: Strict);
        await audience.PushAsync(Row.People(4));
        audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 503, Times = 0, On = new() { Kind = CallKind.Unsubscribe } });
        var held = await audience.PushAsync(Row.Leavers(3));
        Assert.Equal("failed 3", (await audience.ApprovedAsync(held)).Outcomes);
        Assert.Equal("completed_with_failures", (await audience.PushAsync()).Outcome);
        sync.World.Faults.Clear();
        Assert.Equal("unsubscribed 3", (await audience.PushAsync()).Outcomes);
        Assert.Equal("p4@example.com/p4", audience.Members);
    }

    [Theory]
    [StoreData]
    public async Task So_has_the_removal_of_an_identity_that_was_replaced(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync(more: Strict);
        await audience.PushAsync(Row.People(4));
        audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 503, Times = 0, On = new() { Kind = CallKind.Unsubscribe } });
        var held = await audience.PushAsync([.. Enumerable.Range(1, 3).Select(n => Row.Update(n, $"x{n}@example.com", $"x{n}"))]);
        Assert.Equal("failed 3", (await audience.ApprovedAsync(held)).Outcomes);
        sync.World.Faults.Clear();
        var done = await audience.PushAsync();
        Assert.Equal(("completed", "unsubscribed 3"), (done.Outcome, done.Outcomes));
        Assert.Equal("p4@example.com/p4 x1@example.com/x1 x2@example.com/x2 x3@example.com/x3", audience.Members);
    }

    /// <summary>A table whose keys are new leaves an entry behind for each row that was there before: the person is one.</summary>
    [Theory]
    [StoreData]
    public async Task A_person_with_entries_of_older_keys_counts_once(StoreKind store)
    {
        var audience = await syncs.On(store).AudienceAsync(more: Strict);
        await audience.PushAsync(Row.People(5));
        for (var keys = 10; keys <= 20; keys += 10)
            await audience.PushAsync([.. Row.Leavers(5, keys == 10 ? 1 : 11), .. Enumerable.Range(1, 5).Select(n => Row.Insert(keys + n, $"p{n}@example.com", $"p{n}"))]);
        Assert.Equal("unsubscribed 2", (await audience.PushAsync(Row.Leavers(2, 21))).Outcomes);
        Assert.Equal("p3@example.com/p3 p4@example.com/p4 p5@example.com/p5", audience.Members);
    }

    [Theory]
    [StoreData]
    public async Task Removals_by_a_change_of_identity_count_too(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync(more: Strict);
        await audience.PushAsync(Row.People(3));
        var held = await audience.PushAsync(Row.Update(1, "x1@example.com", "x1"), Row.Update(2, "x2@example.com", "x2"));
        Assert.Equal("held", held.Outcome);
        Assert.Equal("completed", (await audience.ApprovedAsync(held)).Outcome);
        Assert.Equal("p3@example.com/p3 x1@example.com/x1 x2@example.com/x2", audience.Members);
    }

    [Theory]
    [StoreData(4, 2)] // not more than the share
    [StoreData(2, 1)] // fewer than the least number
    public async Task A_plan_within_the_guard_runs(StoreKind store, int members, int leavers)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync(more: Strict);
        await audience.PushAsync(Row.People(members));
        Assert.Equal("completed", (await audience.PushAsync(Row.Leavers(leavers))).Outcome);
    }

    [Theory]
    [StoreData]
    public async Task An_empty_full_push_is_held_also_with_the_guard_off(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync(more: Off);
        Assert.Equal("completed", (await audience.FullAsync()).Outcome); // no members yet
        await audience.PushAsync(Row.People(1));
        var held = await audience.FullAsync();
        Assert.Equal("held", held.Outcome);
        Assert.Contains("empty", held.Error, StringComparison.Ordinal);
        Assert.Equal("total 1, absent 1", held.ReceivedCounts);
        Assert.Equal("unsubscribed 1", (await audience.ApprovedAsync(held)).Outcomes);
        Assert.Equal("", audience.Members);
    }

    [Theory]
    [StoreData]
    public async Task With_the_guard_off_a_plan_runs_whatever_it_removes(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync(more: Off);
        await audience.PushAsync(Row.People(3));
        Assert.Equal("unsubscribed 2, unchanged 1", (await audience.FullAsync(Row.Insert(1, "p1@example.com", "p1"))).Outcomes);
        Assert.Equal("p1@example.com/p1", audience.Members);
    }

    [Theory]
    [StoreData("hash", "hash")]
    [StoreData("ledger", "changed since")]
    [StoreData("connection", "changed since")]
    [StoreData("disabled", "connection is disabled")]
    public async Task An_approval_is_refused_when_what_it_rests_on_is_not_what_was_planned(StoreKind store, string moved, string says)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync(more: Strict);
        await audience.PushAsync(Row.People(4));
        var held = await audience.PushAsync(Row.Leavers(3));
        if (moved == "ledger")
            await audience.PushAsync(Row.Insert(9, "p9@example.com", "p9"));
        if (moved == "connection")
            (await sync.Host.PutAsync(audience.Url, """{"syncSettings":{"unknownDeletes":"ignore"}}""")).ShouldBe(HttpStatusCode.OK);
        if (moved == "disabled")
            (await sync.Host.PutAsync(audience.Url, """{"enabled":false}""")).ShouldBe(HttpStatusCode.OK);
        (await audience.ApproveAsync(held, moved == "hash" ? "another" : null)).ShouldBeProblem(HttpStatusCode.Conflict, says);
        Assert.DoesNotContain("unsubscribe", audience.Sent, StringComparison.Ordinal);
        Assert.Equal("held", (await audience.GetAsync(held.Id)).Outcome);
    }

    [Theory]
    [StoreData]
    public async Task An_approval_names_its_hash_and_its_sync(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync(more: Strict);
        var done = await audience.PushAsync(Row.People(1));
        (await sync.Host.PostAsync($"{audience.Url}/syncs/{done.Id}/approve", "{}")).ShouldRefuse("planHash");
        (await audience.ApproveAsync(done)).ShouldBeProblem(HttpStatusCode.Conflict, "completed");
        (await sync.Host.PostAsync($"{audience.Url}/syncs/unknown/approve", """{"planHash":"x"}""")).ShouldBeProblem(HttpStatusCode.NotFound, "sync");
        (await sync.Host.PostAsync($"{audience.Url}/syncs/{done.Id}/approve", """{"planHash":7}""")).ShouldRefuse("planHash");
        (await audience.DiscardAsync(done.Id)).ShouldBeProblem(HttpStatusCode.Conflict, "completed");
        (await audience.DiscardAsync("unknown")).ShouldBeProblem(HttpStatusCode.NotFound, "sync");
    }

    [Theory]
    [StoreData]
    public async Task A_discarded_plan_has_ended_for_good(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync(more: Strict);
        await audience.PushAsync(Row.People(4));
        var held = await audience.PushAsync(Row.Leavers(3));
        var discarded = Audience.Finished(await audience.DiscardAsync(held.Id));
        Assert.Equal((held.Id, "failed", "discarded"), (discarded.Id, discarded.Status, discarded.Outcome));
        Assert.Equal("not_sent plan_discarded 3", discarded.Reasons);
        Assert.Equal(3, (await audience.RecordListAsync(held.Id, "reason=plan_discarded")).Count);
        (await audience.ApproveAsync(held)).ShouldBeProblem(HttpStatusCode.Conflict, "discarded");
        Assert.Equal(4, await audience.LedgerAsync());
    }

    [Theory]
    [StoreData]
    public async Task A_dry_run_plans_sends_nothing_and_can_be_approved(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        await audience.PushAsync(Row.People(1));
        var planned = await audience.PushAsync("dryRun=true", [Row.Delete(1), Row.Insert(2, "p2@example.com", "p2"), Row.Insert(3, "nobody", " ")]);
        Assert.Equal(("succeeded", "planned", "rejected 1, planned 2"), (planned.Status, planned.Outcome, planned.Outcomes));
        Assert.Equal("subscribe 1, unsubscribe 1", planned.Operations);
        Assert.Equal(("", true), (planned.Requests, (bool)planned.Json["dryRun"]!));
        Assert.Equal("subscribe 1", audience.Sent);
        Assert.Equal("1 planned, 2 planned, 3 rejected no_valid_identifier", OutcomeTests.Sorted(await audience.RecordsAsync(planned.Id)));

        var approved = await audience.ApprovedAsync(planned);
        Assert.Equal("subscribed 1, unsubscribed 1, rejected 1", approved.Outcomes);
        Assert.False((bool)approved.Json["dryRun"]!);
        Assert.Equal("p2@example.com/p2", audience.Members);
    }

    [Theory]
    [StoreData]
    public async Task A_dry_run_of_a_plan_that_the_guard_would_hold_is_planned(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync(more: Strict);
        await audience.PushAsync(Row.People(3));
        Assert.Equal("planned", (await audience.PushAsync("dryRun=true", Row.Leavers(3))).Outcome);
    }

    [Theory]
    [StoreData]
    public async Task A_removal_that_is_tried_again_by_a_delete_is_no_removal_of_a_member(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync(more: """, "syncSettings":{"guard":{"enabled":true,"maxRemovalPercent":50,"minRemovals":2}}""");
        await audience.PushAsync(Row.People(10));
        audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 503, Times = 0, On = new() { Kind = CallKind.Unsubscribe } });
        await audience.PushAsync(Row.Leavers(4));
        await audience.PushAsync(Row.Leavers(2, from: 5));
        sync.World.Faults.Clear();
        Assert.Equal("completed", (await audience.PushAsync(Row.Leavers(6))).Outcome);
    }

    [Theory]
    [StoreData]
    public async Task A_dry_run_can_not_be_discarded(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        var dry = await audience.PushAsync("dryRun=true", Row.People(2));
        (await audience.DiscardAsync(dry.Id)).ShouldBeProblem(HttpStatusCode.Conflict, "dry run");
        Assert.Equal("planned", (await audience.GetAsync(dry.Id)).Outcome);
    }
}
