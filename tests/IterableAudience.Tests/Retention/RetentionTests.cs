using System.Net;
using IterableAudience.Simulator.Faults;
using IterableAudience.Store;
using IterableAudience.Syncs.Retention;
using IterableAudience.Tests.Console;
using IterableAudience.Tests.Stores;
using IterableAudience.Tests.Syncs;
using Xunit;

namespace IterableAudience.Tests.Retention;

/// <summary>What syncs leave behind goes when its time has come, and nothing else does.</summary>
public sealed class RetentionTests
{
    private const string Held = ""","syncSettings":{"guard":{"enabled":true,"maxRemovalPercent":50,"minRemovals":1} }""";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [StoreData]
    public async Task Records_and_requests_go_after_30_days_and_the_report_stays(StoreKind store)
    {
        await using var keeping = await Keeping.StartAsync(store);
        var audience = await keeping.Sync.AudienceAsync();
        audience.Project.Forget(null, "p2");
        audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 500 });
        var old = await audience.PushAsync([.. Row.People(3), Row.Insert(4, "nobody")]);
        Assert.Equal("subscribed 2, rejected 1, forgotten 1", old.Outcomes);
        Assert.Equal("chunk verdict plan_part batch started result failure request", await keeping.TablesOfAsync(old.Id));

        keeping.Pass(29.9);
        Assert.True((await keeping.PurgeAsync()).IsEmpty);
        var young = await audience.PushAsync(Row.People(1, from: 9));
        keeping.Pass(0.2);
        Assert.Equal(new PurgeCounts(1, 0, 0), await keeping.PurgeAsync());

        Assert.Equal("", await keeping.TablesOfAsync(old.Id));
        foreach (var part in new[] { "records", "failed-records", "requests", "records?outcome=rejected" })
        {
            (await audience.Host.GetAsync($"{audience.Url}/syncs/{old.Id}/{part}", "viewer")).ShouldBeProblem(HttpStatusCode.Conflict, "removed by retention");
        }

        (await audience.Host.PostAsync($"{audience.Url}/syncs/{old.Id}/records/search", """{"userId":"p1"}""", "operator")).ShouldBeProblem(HttpStatusCode.Conflict, "removed by retention");
        Assert.Equal(old.Json.ToJsonString(), (await audience.GetAsync(old.Id)).Json.ToJsonString());
        Assert.Equal("9 subscribed", await audience.RecordsAsync(young.Id));
        Assert.Equal("p1@example.com/p1 p3@example.com/p3 p9@example.com/p9", audience.Members);
        Assert.Equal(3, await audience.LedgerAsync());

        // Who is a member is known without the sync that brought the person.
        Assert.Equal("unsubscribed 1", (await audience.PushAsync(Row.Leavers(1))).Outcomes);
        Assert.True((await keeping.PurgeAsync()).IsEmpty);
    }

    [Theory]
    [StoreData]
    public async Task A_connection_that_nobody_goes_on_setting_up_is_forgotten_after_a_week(StoreKind store)
    {
        await using var keeping = await Keeping.StartAsync(store);
        using var first = await ConsoleClient.SignInAsync(keeping.Sync.Host);
        var old = (await first.GetAsync("/connections/new")).LeadsTo;
        keeping.Pass(4);
        using var second = await ConsoleClient.SignInAsync(keeping.Sync.Host);
        var young = (await second.GetAsync("/connections/new")).LeadsTo;
        keeping.Pass(3.1);
        using var third = await ConsoleClient.SignInAsync(keeping.Sync.Host);

        await keeping.PurgeAsync();

        Assert.Equal([young.Split('/')[3]], await keeping.DraftsAsync());
        (await third.GetAsync(old)).ShouldBe(HttpStatusCode.NotFound);
        (await third.GetAsync(young)).ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [StoreData]
    public async Task Syncs_go_after_180_days_but_for_the_newest_of_a_connection(StoreKind store)
    {
        await using var keeping = await Keeping.StartAsync(store);
        var audience = await keeping.Sync.AudienceAsync();
        var first = await audience.PushAsync(Row.People(1));
        var second = await audience.PushAsync(Row.People(1));
        var other = await audience.SiblingAsync();
        var only = await other.PushAsync(Row.People(1, from: 2));
        keeping.Pass(181);

        Assert.Equal(new PurgeCounts(3, 1, 0), await keeping.PurgeAsync());

        (await audience.Host.GetAsync($"{audience.Url}/syncs/{first.Id}")).ShouldBeProblem(HttpStatusCode.NotFound, "sync");
        Assert.Equal(second.Outcomes, (await audience.GetAsync(second.Id)).Outcomes);
        Assert.Equal(second.Id, (await audience.Host.GetAsync(audience.Url)).Text("lastSync.id"));
        Assert.Equal(only.Id, (await other.Host.GetAsync(other.Url)).Text("lastSync.id"));
        Assert.Equal(1, (int)(await audience.Host.GetAsync($"{audience.Url}/syncs")).At("paging.total")!);
    }

    [Theory]
    [StoreData]
    public async Task A_deleted_connection_goes_with_its_last_sync(StoreKind store)
    {
        await using var keeping = await Keeping.StartAsync(store);
        var audience = await keeping.Sync.AudienceAsync();
        var kept = await audience.SiblingAsync();
        await audience.PushAsync(Row.People(2));
        (await audience.Host.DeleteAsync(audience.Url)).ShouldBe(HttpStatusCode.NoContent);

        keeping.Pass(31);
        Assert.Equal(new PurgeCounts(1, 0, 0), await keeping.PurgeAsync());
        Assert.Equal(2, keeping.Count("SELECT count(*) FROM connection"));

        keeping.Pass(150);
        Assert.Equal(new PurgeCounts(0, 1, 1), await keeping.PurgeAsync());
        Assert.Equal(1, keeping.Count("SELECT count(*) FROM connection"));
        Assert.Equal("completed", (await kept.PushAsync(Row.People(1))).Outcome);
    }

    [Theory]
    [StoreData]
    public async Task A_deleted_connection_whose_ledger_is_not_released_yet_waits_for_that(StoreKind store)
    {
        await using var keeping = await Keeping.StartAsync(store);
        var audience = await keeping.Sync.AudienceAsync();
        await audience.PushAsync(Row.People(2));
        await keeping.Store.WriteAsync(write => { write.Run("UPDATE connection SET \"Deleted\" = TRUE"); }, durable: false, Cancel); // killed right after
        keeping.Pass(181);

        Assert.Equal(new PurgeCounts(1, 1, 0), await keeping.PurgeAsync());
        Assert.Equal(1, keeping.Count("SELECT count(*) FROM connection"));
    }

    [Theory]
    [StoreData]
    public async Task The_plan_that_an_approval_runs_is_kept_as_long_as_the_approval_needs_it(StoreKind store)
    {
        await using var keeping = await Keeping.StartAsync(store);
        var audience = await keeping.Sync.AudienceAsync(more: Held);
        await audience.PushAsync(Row.People(4));
        var held = await audience.PushAsync(Row.Leavers(3));
        Assert.Equal("held", held.Outcome);
        keeping.Pass(29);
        keeping.Sync.Gate.Close();
        var approval = (await audience.ApproveAsync(held)).ShouldBe(HttpStatusCode.Accepted).Text("syncId");
        await keeping.Sync.Gate.ArrivedAsync(Cancel);
        keeping.Pass(2);

        Assert.Equal(new PurgeCounts(1, 0, 0), await keeping.PurgeAsync()); // the first push
        keeping.Sync.Gate.Open();
        Assert.Equal("unsubscribed 3", (await audience.EndOfAsync(approval)).Outcomes);
        Assert.Equal("p4@example.com/p4", audience.Members);

        keeping.Pass(29); // the held sync is 60 days old, the approval 29
        Assert.True((await keeping.PurgeAsync()).IsEmpty);
        Assert.Equal("1 unsubscribed, 2 unsubscribed, 3 unsubscribed", await audience.RecordsAsync(approval));

        keeping.Pass(2);
        Assert.Equal(new PurgeCounts(2, 0, 0), await keeping.PurgeAsync());
        (await audience.Host.GetAsync($"{audience.Url}/syncs/{approval}/records")).ShouldBeProblem(HttpStatusCode.Conflict, "removed by retention");
        Assert.All(Keeping.Tables, table => Assert.Equal(0, keeping.Count($"SELECT count(*) FROM {table}")));
    }

    [Theory]
    [StoreData]
    public async Task A_held_plan_without_its_records_can_only_be_discarded(StoreKind store)
    {
        await using var keeping = await Keeping.StartAsync(store);
        var audience = await keeping.Sync.AudienceAsync(more: Held);
        await audience.PushAsync(Row.People(4));
        var held = await audience.PushAsync(Row.Leavers(3));
        keeping.Pass(31);
        await keeping.PurgeAsync();

        (await audience.ApproveAsync(held)).ShouldBeProblem(HttpStatusCode.Conflict, "removed by retention");
        (await audience.DiscardAsync(held.Id)).ShouldBe(HttpStatusCode.OK);
        var discarded = await audience.GetAsync(held.Id);
        Assert.Equal("discarded", discarded.Outcome);
        Assert.Equal("not_sent 3", discarded.Outcomes);
        Assert.Equal("not_sent plan_discarded 3", discarded.Reasons);
    }

    [Theory]
    [StoreData]
    public async Task A_purge_that_is_cut_off_is_finished_by_the_next_one(StoreKind store)
    {
        await using var keeping = await Keeping.StartAsync(store);
        var audience = await keeping.Sync.AudienceAsync();
        var old = await audience.PushAsync(Row.People(3));
        var no = await keeping.NumberAsync(old.Id);
        await keeping.Store.WriteAsync(write => Fill(write, no, chunks: 150, bytes: 100), durable: false, Cancel);
        var before = keeping.Count("SELECT count(*) FROM chunk");

        // A clock that stands still: the purge is in its first pause until it is killed.
        var still = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(TimeProvider.System.GetUtcNow().AddDays(31));
        using var kill = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var purge = keeping.Another(still).RunAsync(kill.Token);
        Assert.True(SpinWait.SpinUntil(() => keeping.Count("SELECT count(*) FROM chunk") < before, TimeSpan.FromSeconds(30)));
        await kill.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => purge);

        Assert.Equal("chunk verdict plan_part batch started result request", keeping.TablesOf(no));
        (await audience.Host.GetAsync($"{audience.Url}/syncs/{old.Id}/records")).ShouldBeProblem(HttpStatusCode.Conflict, "removed by retention");

        Assert.Equal(new PurgeCounts(1, 0, 0), await keeping.PurgeAsync()); // though by this clock nothing is due
        Assert.Equal("", keeping.TablesOf(no));
        Assert.True((await keeping.PurgeAsync()).IsEmpty);
    }

    [Theory]
    [StoreData]
    public async Task A_sync_goes_on_beside_a_purge_and_others_get_their_turn_between_its_steps(StoreKind store)
    {
        await using var keeping = await Keeping.StartAsync(store);
        var audience = await keeping.Sync.AudienceAsync();
        var no = await keeping.NumberAsync((await audience.PushAsync(Row.People(3))).Id);
        await keeping.Store.WriteAsync(write => Fill(write, no, chunks: 600, bytes: 100_000), durable: false, Cancel);
        keeping.Pass(31);
        var paced = await audience.SiblingAsync();
        keeping.Sync.World.Behaviour = keeping.Sync.World.Behaviour with { DelayMs = 250 };
        var running = await paced.StartAsync(Row.People(20_000, from: 10));
        Assert.True(SpinWait.SpinUntil(() => paced.Requests.Count > 0, TimeSpan.FromSeconds(30)));

        var purge = keeping.PurgeAsync();
        var turns = 0;
        while (!purge.IsCompleted)
        {
            await keeping.Store.WriteAsync(_ => { }, durable: false, Cancel);
            turns++;
        }

        Assert.Equal(new PurgeCounts(1, 0, 0), await purge);
        Assert.Equal("sending", (await paced.GetAsync(running)).Phase);
        Assert.InRange(turns, 10, int.MaxValue); // one transaction would have let in one or two
        Assert.Equal("", keeping.TablesOf(no));
        Assert.Equal("subscribed 20000", (await paced.EndOfAsync(running)).Outcomes);
        Assert.Equal(20_003, paced.Project.Members(paced.List).Count);
    }

    [Theory]
    [StoreData]
    public async Task The_purge_runs_at_the_start_and_again_within_the_hour(StoreKind store)
    {
        await using var former = await SyncHost.StartAsync(store);
        var audience = await former.AudienceAsync();
        var old = await audience.PushAsync(Row.People(3));
        await former.Host.StopAsync();
        await using var keeping = new SyncHost(store);
        keeping.Host.On(former.Host);
        var time = keeping.Host.Time = new(TimeProvider.System.GetUtcNow().AddDays(29).AddHours(23).AddMinutes(30)) { AutoAdvanceAmount = TimeSpan.FromMilliseconds(1) };
        await keeping.InitializeAsync();
        var records = $"{audience.Url}/syncs/{old.Id}/records";
        (await keeping.Host.GetAsync(records)).ShouldBe(HttpStatusCode.OK);

        time.Advance(TimeSpan.FromMinutes(61));
        Assert.True(
            SpinWait.SpinUntil(
                () =>
                {
                    time.Advance(TimeSpan.FromMilliseconds(50)); // the purge's pauses
                    return keeping.Host.Logs.All.Any(l => l.Contains("Retention removed the records of 1 syncs", StringComparison.Ordinal));
                },
                TimeSpan.FromSeconds(30)));
        (await keeping.Host.GetAsync(records)).ShouldBeProblem(HttpStatusCode.Conflict, "removed by retention");
    }

    [Fact]
    public void Settings_that_make_no_sense_are_named()
    {
        Assert.Empty(new RetentionOptions().Faults());
        Assert.Contains("Retention__Records", Assert.Single(new RetentionOptions { Records = TimeSpan.FromMinutes(5) }.Faults()), StringComparison.Ordinal);
        Assert.Contains("Retention__Syncs", Assert.Single(new RetentionOptions { Records = TimeSpan.FromHours(2), Syncs = TimeSpan.FromHours(3) }.Faults()), StringComparison.Ordinal);
        Assert.Contains("must not be shorter", Assert.Single(new RetentionOptions { Syncs = TimeSpan.FromDays(20) }.Faults()), StringComparison.Ordinal);
    }

    /// <summary>More chunks for a sync than it had, as those of a large one.</summary>
    private static void Fill(System.Data.Common.DbConnection write, long sync, int chunks, int bytes)
    {
        using var command = write.CreateCommand();
        command.CommandText = "INSERT INTO chunk (sync, part, seq, records, blob) VALUES (@s, 7, @q, 1000, @b)";
        var (s, q, b) = (command.CreateParameter(), command.CreateParameter(), command.CreateParameter());
        (s.ParameterName, q.ParameterName, b.ParameterName) = ("@s", "@q", "@b");
        (s.Value, b.Value) = (sync, new byte[bytes]);
        command.Parameters.AddRange(new[] { s, q, b });
        for (var seq = 0; seq < chunks; seq++)
        {
            q.Value = seq;
            command.ExecuteNonQuery();
        }
    }
}
