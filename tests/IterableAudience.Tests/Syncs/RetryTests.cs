using System.Net;
using IterableAudience.Simulator.Api;
using IterableAudience.Simulator.Faults;
using IterableAudience.Store;
using IterableAudience.Tests.Stores;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace IterableAudience.Tests.Syncs;

/// <summary>What failed or was not sent is tried again by the next sync of the connection, as its sender sees it.</summary>
public sealed class RetryTests(SyncHosts syncs) : IClassFixture<SyncHosts>
{
    private const string Off = """, "syncSettings":{"failedKeysConfig":{"enableFailedKeysRetry":false}}""";
    private const string Guarded = """, "syncSettings":{"guard":{"enabled":true,"maxRemovalPercent":10,"minRemovals":2}}""";

    [Theory]
    [StoreData]
    public async Task The_next_sync_tries_a_failed_record_again_and_counts_how_often_it_was_sent(StoreKind kind)
    {
        var sync = syncs.On(kind);
        var audience = await sync.AudienceAsync(existingOnly: true);
        var failed = await audience.PushAsync(Row.Of("update", 1, " Ada@Example.com ", "u1", recordId: "r-1"));
        Assert.Equal("failed user_not_found 1", failed.Reasons);

        // once more in vain, by a sync that brings nothing itself
        var again = await audience.PushAsync();
        Assert.Equal(("total 1, retried 1", "failed 1", "subscribe 1"), (again.ReceivedCounts, again.Outcomes, again.Operations));
        var record = Assert.Single(await audience.RecordListAsync(again.Id))!;
        Assert.Equal(
            (null, "1", null, "update", "failed", "user_not_found", 2),
            ((int?)record["line"], (string?)record["primaryKey"], (string?)record["recordId"], (string?)record["action"], (string?)record["outcome"],
                (string?)record["reason"], (int)record["attempts"]!));
        Assert.Equal("ada@example.com u1", $"{record["identifiers"]!["email"]} {record["identifiers"]!["userId"]}");

        // and with success, beside records of its own
        audience.Project.AddUser("ada@example.com", "u1");
        audience.Project.AddUser("bob@example.com", "u2");
        var done = await audience.PushAsync(Row.Insert(2, "bob@example.com", "u2"));
        Assert.Equal(("total 2, insert 1, retried 1", "subscribed 2"), (done.ReceivedCounts, done.Outcomes));
        Assert.Equal(3, (int)(await audience.RecordAsync(done.Id, "1"))["attempts"]!);
        Assert.Equal(1, (int)(await audience.RecordAsync(done.Id, "2"))["attempts"]!);
        Assert.Equal(("ada@example.com/u1 bob@example.com/u2", 2), (audience.Members, await audience.LedgerAsync()));

        // done is done
        Assert.Equal("", (await audience.PushAsync()).ReceivedCounts);
        Assert.Equal("1 failed user_not_found", await audience.RecordsAsync(failed.Id)); // each sync keeps its own story
    }

    [Theory]
    [StoreData]
    public async Task What_was_not_sent_when_the_sync_was_aborted_is_sent_by_the_next_one(StoreKind kind)
    {
        var sync = syncs.On(kind);
        var audience = await sync.AudienceAsync();
        await audience.PushAsync(Row.People(4));
        audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 401 });
        var aborted = await audience.PushAsync(
            [Row.Delete(1), Row.Delete("never", "never@example.com"), Row.Update(2, "new2@example.com", "new2"), .. Row.People(2, from: 5), Row.Insert(9, "nobody", " ")]);
        Assert.Equal(("aborted", "rejected 1, not_sent 5"), (aborted.Outcome, aborted.Outcomes));

        var done = await audience.PushAsync(Row.People(1, from: 7));
        Assert.Equal(("total 6, insert 1, retried 5", "subscribed 4, unsubscribed 2"), (done.ReceivedCounts, done.Outcomes));
        Assert.Equal(
            "new2@example.com/new2 p3@example.com/p3 p4@example.com/p4 p5@example.com/p5 p6@example.com/p6 p7@example.com/p7", audience.Members);
        Assert.Equal(6, await audience.LedgerAsync());
        Assert.Equal("", (await audience.PushAsync()).ReceivedCounts);
    }

    [Theory]
    [StoreData]
    public async Task Who_was_absent_in_a_full_push_that_was_aborted_leaves_with_the_next_sync(StoreKind kind)
    {
        var sync = syncs.On(kind);
        var audience = await sync.AudienceAsync();
        await audience.PushAsync([.. Row.People(2), Row.Insert(null, "keyless@example.com", "keyless")]);
        audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 401 });
        Assert.Equal("unchanged 1, not_sent 2", (await audience.FullAsync(Row.People(1))).Outcomes);
        var done = await audience.PushAsync();
        Assert.Equal(("total 2, retried 2", "unsubscribed 2", "p1@example.com/p1"), (done.ReceivedCounts, done.Outcomes, audience.Members));
    }

    [Theory]
    [StoreData]
    public async Task A_record_that_comes_again_takes_the_place_of_its_old_failure(StoreKind kind)
    {
        var sync = syncs.On(kind);
        var audience = await sync.AudienceAsync(existingOnly: true);
        await audience.PushAsync(Row.Insert(1, "old@example.com", "u1"), Row.Insert(2, "bob@example.com", "u2"));
        audience.Project.AddUser("old@example.com", "u1");
        audience.Project.AddUser("new@example.com", "u3");
        var done = await audience.PushAsync(Row.Update(1, "new@example.com", "u3"), Row.Insert(2, "nobody", " "));
        Assert.Equal("total 3, insert 1, update 1, retried 1", done.ReceivedCounts); // what is rejected replaces nothing
        Assert.Equal("subscribed 1, rejected 1, failed 1", done.Outcomes);
        Assert.Equal("new@example.com/u3", audience.Members);
    }

    [Theory]
    [StoreData]
    public async Task A_delete_takes_the_place_of_an_old_failure_even_by_its_key_alone(StoreKind kind)
    {
        var sync = syncs.On(kind);
        var audience = await sync.AudienceAsync(existingOnly: true);
        await audience.PushAsync(Row.Insert(1, "ada@example.com", "u1"), Row.Insert(2, "bob@example.com", "u2"));
        audience.Project.AddUser("ada@example.com", "u1");
        audience.Project.AddUser("bob@example.com", "u2");
        var done = await audience.PushAsync(Row.Delete(1), Row.Delete(2, "bob@example.com", "u2"));
        Assert.Equal(("total 2, delete 2", "unsubscribed 2"), (done.ReceivedCounts, done.Outcomes));
        Assert.Equal(("", "unsubscribe 2"), (audience.Members, audience.Sent.Split(", ")[^1]));
        Assert.Equal("", (await audience.PushAsync()).ReceivedCounts);
    }

    [Theory]
    [StoreData("ada@example.com", null)]
    [StoreData(null, "u1")]
    [StoreData("ada@example.com", "u1")]
    public async Task A_keyless_delete_of_the_person_does_so_under_whatever_identifier(StoreKind kind, string? email, string? userId)
    {
        var sync = syncs.On(kind);
        var audience = await sync.AudienceAsync(existingOnly: true);
        await audience.PushAsync(Row.Insert(null, "ada@example.com", "u1"), Row.Insert(null, "bob@example.com", "u2"));
        audience.Project.AddUser("ada@example.com", "u1");
        var done = await audience.PushAsync(Row.Delete(null, email, userId));
        Assert.Equal(("total 2, delete 1, retried 1", "unsubscribed 1, failed 1"), (done.ReceivedCounts, done.Outcomes));
        Assert.Equal("", audience.Members);
        Assert.Equal("total 1, retried 1", (await audience.PushAsync()).ReceivedCounts); // the other one
    }

    [Theory]
    [StoreData]
    public async Task A_full_push_ends_the_failures_of_rows_that_it_does_not_bring(StoreKind kind)
    {
        var sync = syncs.On(kind);
        var audience = await sync.AudienceAsync(existingOnly: true);
        await audience.PushAsync(Row.People(3));
        for (var n = 1; n <= 3; n++)
            audience.Project.AddUser($"p{n}@example.com", $"p{n}");
        var done = await audience.FullAsync(Row.Insert(1, "p1@example.com", "p1"), Row.Insert(2, "nobody", " "));
        Assert.Equal(("total 3, insert 2, retried 1", "subscribed 2, rejected 1"), (done.ReceivedCounts, done.Outcomes));
        Assert.Equal("p1@example.com/p1 p2@example.com/p2", audience.Members);
        Assert.Equal("", (await audience.PushAsync()).ReceivedCounts);
    }

    [Theory]
    [StoreData]
    public async Task Rows_of_a_full_push_that_nobody_can_place_may_be_those_that_failed(StoreKind kind)
    {
        var sync = syncs.On(kind);
        var audience = await sync.AudienceAsync(existingOnly: true);
        await audience.PushAsync(Row.People(1));
        audience.Project.AddUser("p1@example.com", "p1");
        var done = await audience.FullAsync("""{"action":"insert","primaryKey":null}""");
        Assert.Equal(("subscribed 1, rejected 1", "removals_skipped 1"), (done.Outcomes, done.Warnings));
    }

    [Theory]
    [StoreData]
    public async Task A_removal_that_failed_is_tried_once_by_each_sync(StoreKind kind)
    {
        var sync = syncs.On(kind);
        var audience = await sync.AudienceAsync();
        await audience.PushAsync(Row.People(2));
        audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 400, Times = 0, On = new() { Kind = CallKind.Unsubscribe } });
        Assert.Equal("failed 2", (await audience.PushAsync(Row.Delete(1), Row.Update(2, "new2@example.com", "new2"))).Outcomes);
        var again = await audience.PushAsync();
        Assert.Equal(("total 2, retried 2", "failed 2", "unsubscribe 2"), (again.ReceivedCounts, again.Outcomes, again.Operations));
        Assert.True((int)(await audience.RecordAsync(again.Id, "1"))["attempts"]! > 1);
        sync.World.Faults.Clear();
        var done = await audience.PushAsync();
        Assert.Equal(("total 2, retried 2", "unsubscribed 2", "new2@example.com/new2"), (done.ReceivedCounts, done.Outcomes, audience.Members));
        Assert.Equal("", (await audience.PushAsync()).ReceivedCounts);
    }

    [Theory]
    [StoreData]
    public async Task Somebody_who_is_held_by_now_is_not_taken_off_by_an_old_delete(StoreKind kind)
    {
        var sync = syncs.On(kind);
        var audience = await sync.AudienceAsync();
        audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 400, Times = 0, On = new() { Kind = CallKind.Unsubscribe } });
        Assert.Equal("failed 1", (await audience.PushAsync(Row.Delete(1, "ada@example.com", "u1"))).Outcomes);
        await (await audience.SiblingAsync()).PushAsync(Row.Insert(1, "ada@example.com", "u1"));
        var done = await audience.PushAsync();
        Assert.Equal(("total 1, retried 1", "retained 1"), (done.ReceivedCounts, done.Outcomes));
        Assert.Equal("", (await audience.PushAsync()).ReceivedCounts);
        Assert.Equal("ada@example.com/u1", audience.Members);
    }

    [Theory]
    [StoreData]
    public async Task Forgotten_people_are_never_tried_again_not_even_those_who_had_only_failed(StoreKind kind)
    {
        var sync = syncs.On(kind);
        var audience = await sync.AudienceAsync(existingOnly: true);
        audience.Project.Forget("gone@example.com", null);
        Assert.Equal("failed 1, forgotten 1", (await audience.PushAsync(Row.Insert(1, "gone@example.com", "u1"), Row.Insert(2, "p2@example.com", "p2"))).Outcomes);
        audience.Project.Forget("p2@example.com", null);
        Assert.Equal(("total 1, retried 1", "forgotten 1"), await CountsAsync(audience));
        Assert.Equal(("", ""), await CountsAsync(audience));
    }

    [Theory]
    [StoreData]
    public async Task Of_several_failed_rows_of_a_person_the_latest_e_mail_is_sent(StoreKind kind)
    {
        var sync = syncs.On(kind);
        var audience = await sync.AudienceAsync();
        audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 401, Times = 2 });
        await audience.PushAsync(Row.Insert("c", "second@example.com", "u1"), Row.Insert("b", "third@example.com", "u1"), Row.Insert("a", "first@example.com", "u2"));
        await audience.PushAsync(Row.Insert("d", "latest@example.com", "u2"));
        Assert.Equal("subscribed 4", (await audience.PushAsync()).Outcomes);
        Assert.Equal("latest@example.com/u2 third@example.com/u1", audience.Members);
    }

    [Theory]
    [StoreData]
    public async Task A_dry_run_shows_what_would_be_tried_and_leaves_it_to_be_tried(StoreKind kind)
    {
        var sync = syncs.On(kind);
        var audience = await sync.AudienceAsync(existingOnly: true);
        await audience.PushAsync(Row.People(1));
        audience.Project.AddUser("p1@example.com", "p1");
        var plan = await audience.PushAsync("dryRun=true", []);
        Assert.Equal(("total 1, retried 1", "planned 1"), (plan.ReceivedCounts, plan.Outcomes));
        Assert.Equal(1, (int)(await audience.RecordAsync(plan.Id, "1"))["attempts"]!); // so far
        var hidden = await audience.PushAsync("dryRun=true", [Row.Delete(1)]);
        Assert.Equal("total 1, delete 1", hidden.ReceivedCounts);
        Assert.Equal(("total 1, retried 1", "subscribed 1"), await CountsAsync(audience));
    }

    [Theory]
    [StoreData]
    public async Task An_approved_plan_tries_what_it_showed_and_a_dropped_one_leaves_it_to_be_tried(StoreKind kind)
    {
        var sync = syncs.On(kind);
        var audience = await sync.AudienceAsync(existingOnly: true, more: Guarded);
        for (var n = 1; n <= 4; n++)
            audience.Project.AddUser($"p{n}@example.com", $"p{n}");
        await audience.PushAsync(Row.People(5));
        audience.Project.AddUser("p5@example.com", "p5");
        var dropped = await audience.PushAsync(Row.Leavers(2));
        Assert.Equal(("total 3, delete 2, retried 1", "not_sent plan_held 3"), (dropped.ReceivedCounts, dropped.Reasons));
        (await audience.DiscardAsync(dropped.Id)).ShouldBe(HttpStatusCode.OK);

        var approved = await audience.ApprovedAsync(await audience.PushAsync([.. Row.Leavers(2), Row.Insert(6, "p6@example.com", "p6")]));
        Assert.Equal(("total 4, insert 1, delete 2, retried 1", "subscribed 1, unsubscribed 2, failed 1"), (approved.ReceivedCounts, approved.Outcomes));
        Assert.Equal("p3@example.com/p3 p4@example.com/p4 p5@example.com/p5", audience.Members);
        var next = await audience.PushAsync();
        Assert.Equal(("total 1, retried 1", "6 failed user_not_found"), (next.ReceivedCounts, await audience.RecordsAsync(next.Id)));
        Assert.Equal(2, (int)(await audience.RecordAsync(next.Id, "6"))["attempts"]!);
    }

    [Theory]
    [StoreData]
    public async Task The_guard_looks_at_removals_that_are_tried_again_too(StoreKind kind)
    {
        var sync = syncs.On(kind);
        var audience = await sync.AudienceAsync(more: Guarded);
        await audience.PushAsync(Row.People(4));
        var held = await audience.PushAsync(Row.Leavers(3));
        audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 401 });
        Assert.Equal(("aborted", "not_sent 3"), ((await audience.ApprovedAsync(held)) is var aborted ? aborted.Outcome : "", aborted.Outcomes));
        Assert.Equal("held", (await audience.PushAsync()).Outcome);
    }

    [Theory]
    [StoreData]
    public async Task With_the_setting_off_nothing_is_tried_and_what_was_kept_is_dropped(StoreKind kind)
    {
        var sync = syncs.On(kind);
        var never = await sync.AudienceAsync(existingOnly: true, more: Off);
        await never.PushAsync(Row.People(1));
        Assert.Equal(("", ""), await CountsAsync(never));

        var audience = await sync.AudienceAsync(existingOnly: true);
        await audience.PushAsync(Row.People(1));
        await SetAsync("false");
        Assert.Equal(("", ""), await CountsAsync(audience));
        await SetAsync("true");
        Assert.Equal(("", ""), await CountsAsync(audience));

        async Task SetAsync(string value) => (await sync.Host.PutAsync(audience.Url, $$$"""{"syncSettings":{"failedKeysConfig":{"enableFailedKeysRetry":{{{value}}}} } }"""))
            .ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [StoreData]
    public async Task A_body_that_was_refused_as_a_whole_is_not_tried_again(StoreKind kind)
    {
        var sync = syncs.On(kind);
        var audience = await sync.AudienceAsync();
        Assert.Equal("aborted", (await audience.PushAsync("expectedRecords=3", Row.People(2))).Outcome);
        await audience.SendAsync("""{"records":[{"action":"insert","primaryKey":"1","fields":{"EMAIL":"p1@example.com","ID":"p1"}},""");
        Assert.Equal(("", ""), await CountsAsync(audience));
    }

    [Theory]
    [StoreData]
    public async Task What_was_never_planned_for_a_fault_of_the_service_is_tried_behind_what_was_kept_before(StoreKind kind)
    {
        var sync = syncs.On(kind);
        var audience = await sync.AudienceAsync(existingOnly: true);
        for (var n = 2; n <= 3; n++)
            audience.Project.AddUser($"p{n}@example.com", $"p{n}");
        await audience.PushAsync(Row.Insert(1, "p1@example.com", "p1"), Row.Insert(4, "p4@example.com", "p4"));
        var store = sync.Host.Provider.GetRequiredService<LeanStore>();
        await store.WriteAsync(
            c => c.Run(
                """INSERT INTO retry (connection, part, sync, seq, records, blob) SELECT "No", 0, 0, 0, 1, @b FROM connection WHERE "Id" = @i""",
                ("@b", new byte[] { 99 }), ("@i", audience.Connection)),
            durable: false, TestContext.Current.CancellationToken);
        var broken = await audience.PushAsync(Row.Insert(2, "p2@example.com", "p2"), Row.Update(1, "p3@example.com", "p3"), Row.Insert(5, "nobody", " "), Row.Delete(4));
        Assert.Equal(("aborted", "rejected 1, not_sent 3"), (broken.Outcome, broken.Outcomes));

        await store.WriteAsync(c => c.Run("DELETE FROM retry WHERE sync = 0"), durable: false, TestContext.Current.CancellationToken);
        Assert.Equal(("total 3, retried 3", "subscribed 2, unsubscribed 1"), await CountsAsync(audience));
        Assert.Equal("p2@example.com/p2 p3@example.com/p3", audience.Members);
        Assert.Equal(("", ""), await CountsAsync(audience));
    }

    [Theory]
    [StoreData]
    public async Task Other_connections_have_no_part_in_it_and_a_deleted_one_leaves_nothing(StoreKind kind)
    {
        var sync = syncs.On(kind);
        var audience = await sync.AudienceAsync(existingOnly: true);
        await audience.PushAsync(Row.People(1));
        var sibling = await audience.SiblingAsync();
        Assert.Equal(("", ""), await CountsAsync(sibling));
        Assert.Equal(1, Kept(audience));
        (await sync.Host.DeleteAsync(audience.Url)).ShouldBe(HttpStatusCode.NoContent);
        Assert.Equal(0, Kept(audience));
    }

    /// <summary>How many records of the connection wait to be tried again.</summary>
    private static long Kept(Audience audience)
        => audience.Host.Provider.GetRequiredService<LeanStore>().Read(c => c.Count(
            """SELECT CAST(coalesce(sum(r.records), 0) AS BIGINT) FROM retry r JOIN connection c ON c."No" = r.connection WHERE c."Id" = @i""", ("@i", audience.Connection)));

    private static async Task<(string Received, string Outcomes)> CountsAsync(Audience audience)
    {
        var next = await audience.PushAsync();
        return (next.ReceivedCounts, next.Outcomes);
    }
}
