using IterableAudience.Iterable;
using IterableAudience.Records;
using IterableAudience.Simulator.Api;
using IterableAudience.Simulator.Faults;
using IterableAudience.Store;
using IterableAudience.Syncs.Send;
using IterableAudience.Tests.Stores;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace IterableAudience.Tests.Syncs;

/// <summary>What is recorded is what happened: recorded once, and nothing called done before it is.</summary>
public sealed class RecordingTests(SyncHosts syncs) : IClassFixture<SyncHosts>
{
    private const string Refused = """{"msg":"refused","code":"BadParams","params":null}""";

    [Theory]
    [StoreData]
    public async Task A_batch_that_is_recorded_twice_counts_its_members_once(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        var done = await audience.PushAsync(Row.People(2));
        Assert.Equal(2, await audience.LedgerAsync());
        var lean = sync.Host.Provider.GetRequiredService<LeanStore>();
        var (no, list, connection) = lean.Read(c => c.Rows(
            "SELECT \"No\", \"ListNo\", \"ConnectionNo\" FROM sync WHERE \"Id\" = @i", r => (r.GetInt64(0), r.GetInt64(1), r.GetInt64(2)), ("@i", done.Id)).Single());
        var batches = new BatchStore(lean, no, no);
        var batch = batches.Load(Stage.Subscribe, 0);
        var results = Enumerable.Repeat(new OperationResult(Outcome.Subscribed, Reason.None, null, 200, false), batch.Count).ToArray();
        await new Recorder(lean, batches, list, connection).RecordAsync(
            new RecordedAnswer(batch, results, 1, DateTimeOffset.UnixEpoch, []), 1, TestContext.Current.CancellationToken);
        Assert.Equal(2, await audience.LedgerAsync());
    }

    [Theory]
    [StoreData]
    public async Task An_entry_that_goes_on_holding_is_found_after_another_entry_of_its_key_has_gone(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync(more: """, "syncSettings":{"failedKeysConfig":{"enableFailedKeysRetry":false}}""");
        await audience.PushAsync(Row.Insert("k", "ada@example.com", "u1"));
        // The row has another userId, and whether Iterable took that one is never known: two entries of one key hold the e-mail.
        audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 503, Times = 0, On = new() { Kind = CallKind.Subscribe } });
        await audience.PushAsync(Row.Update("k", "ada@example.com", "u2"));
        sync.World.Faults.Clear();

        // The row goes: u1 leaves, and before u2 is sent the key is refused.
        audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 400, Body = Refused, Times = 1 });
        audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 401, Times = 1, Skip = 1 });
        var cut = await audience.PushAsync(Row.Delete("k"));
        Assert.Equal("aborted", cut.Outcome);
        var lean = sync.Host.Provider.GetRequiredService<LeanStore>();
        var connection = lean.Read(c => c.Count("SELECT \"No\" FROM connection WHERE \"Id\" = @i", ("@i", audience.Connection)));
        Assert.Equal("slot 1 state 2", string.Join(", ", lean.Read(c => c.Rows(
            "SELECT slot, state FROM member WHERE connection = @c", r => $"slot {r.GetInt32(0)} state {r.GetInt32(1)}", ("@c", connection)))));

        sync.World.Faults.Clear();

        var done = await audience.PushAsync(Row.Delete("x", "ada@example.com"));
        Assert.Equal("retained held_by_another_record 1", done.Reasons);
    }

    [Theory]
    [StoreData]
    public async Task A_removal_whose_last_request_is_never_sent_is_not_called_done(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        audience.Project.AddUser("ada@example.com", null, false, audience.List);
        audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 401, Times = 0, Skip = 1 });
        var cut = await audience.PushAsync(Row.Delete(1, "ada@example.com", "u1"));
        Assert.Equal("ada@example.com/", audience.Members);
        Assert.Equal(("aborted", "not_sent 1"), (cut.Outcome, cut.Outcomes));
    }

    [Theory]
    [StoreData]
    public async Task A_removal_by_email_that_is_skipped_is_not_called_done(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        audience.Project.AddUser("ada@example.com", null, false, audience.List);
        // Of 1001 leavers the second batch meets a 401: the e-mails of the first are never named.
        string[] rows = [.. Enumerable.Range(1, 1001).Select(n => Row.Delete(n, $"p{n}@example.com", $"p{n}"))];
        audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 401, Times = 1, Skip = 1 });
        var cut = await audience.PushAsync(rows);
        Assert.Equal(("aborted", "not_sent 1001"), (cut.Outcome, cut.Outcomes));
    }

    [Theory]
    [StoreData]
    public async Task A_conflict_whose_second_try_is_not_sent_keeps_what_is_known_of_the_first(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        audience.Project.AddUser("ada@example.com", "other");
        audience.Project.AddUser("own@example.com", "u1");
        audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 401, Times = 1, Skip = 1 });
        var done = await audience.PushAsync(Row.Insert(1, "ada@example.com", "u1"));
        Assert.Equal("failed identity_conflict 1", done.Reasons);
        var record = await audience.RecordAsync(done.Id, "1");
        Assert.Equal((1, 200), ((int?)record["attempts"], (int?)record["httpStatus"]));
    }

    [Theory]
    [StoreData]
    public async Task A_keyless_delete_ends_all_keyless_entries_of_the_person_before_a_later_row_holds(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        await audience.PushAsync(Row.Insert(null, "ada@example.com"), Row.Insert(null, "ada@example.com", "u1"));
        Assert.Equal(2, await audience.LedgerAsync());
        var done = await audience.PushAsync(Row.Delete(null, "ada@example.com", "u1"), Row.Insert(null, "ada@example.com"));
        Assert.Equal("subscribed 1, retained 1", done.Outcomes);
        Assert.Equal(1, await audience.LedgerAsync());
        Assert.Equal("ada@example.com/u1", audience.Members);
    }

    [Theory]
    [StoreData]
    public async Task Two_rows_of_a_person_whom_Iterable_does_not_know_are_both_done_when_one_removal_is(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        var done = await audience.PushAsync(Row.Delete(1, "ada@example.com", "u1"), Row.Delete(2, "ada@example.com", "u1"));
        Assert.Equal(("completed", "unsubscribed was_not_member 2"), (done.Outcome, done.Reasons));
    }
}
