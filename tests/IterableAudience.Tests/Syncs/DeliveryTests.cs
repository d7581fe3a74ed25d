using IterableAudience.Simulator.Api;
using IterableAudience.Simulator.Faults;
using IterableAudience.Simulator.Projects;
using IterableAudience.Tests.Stores;
using Xunit;

namespace IterableAudience.Tests.Syncs;

/// <summary>Iterable in trouble, as the sender of records sees it.</summary>
public sealed class DeliveryTests(SyncHosts syncs) : IClassFixture<SyncHosts>
{
    [Theory]
    [StoreData(401, "API key", "data center")]
    [StoreData(403, "API key is known", "right to change lists")]
    [StoreData(404, "Iterable:BaseUrls:US", "no answer of Iterable's API")]
    public async Task A_refused_key_ends_the_sync_with_one_message_that_says_what_to_check(StoreKind store, int status, params string[] says)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = status, Times = 0 });
        var aborted = await audience.PushAsync([Row.Insert(0, "nobody", " "), .. Row.People(3)]);
        Assert.Equal(("failed", "aborted"), (aborted.Status, aborted.Outcome));
        Assert.All(says, text => Assert.Contains(text, aborted.Error, StringComparison.Ordinal));
        Assert.Equal("rejected 1, not_sent 3", aborted.Outcomes);
        Assert.Contains("not_sent sync_aborted 3", aborted.Reasons, StringComparison.Ordinal);
        Assert.Equal("subscribe 3", audience.Sent);
        Assert.Equal(0, await audience.LedgerAsync());
    }

    [Theory]
    [StoreData]
    public async Task A_list_that_is_gone_ends_the_sync(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        audience.Project.RemoveList(audience.List);
        var aborted = await audience.PushAsync(Row.People(1500));
        Assert.Equal(("aborted", "not_sent 1500"), (aborted.Outcome, aborted.Outcomes));
        Assert.Contains("audienceId", aborted.Error, StringComparison.Ordinal);
    }

    [Theory]
    [StoreData]
    public async Task A_list_made_a_moment_ago_is_waited_for(StoreKind store)
    {
        await using var own = await SyncHost.StartAsync(store);
        own.Host.Settings["Iterable:BackoffBase"] = "00:00:00.05";
        var template = await own.AudienceAsync();
        own.World.Behaviour = new Behaviour { NewListDelayMs = 600 };
        var made = (await own.Host.PostAsync("/v2/retl-connections", $$$"""
            {"destinationId":"{{{template.Destination}}}","syncBehaviour":"mirror","destinationConfig":{"createList":{"name":"New list"} } }
            """)).ShouldBe(System.Net.HttpStatusCode.Created);
        var audience = template with { Connection = made.Text("id"), List = (long)made.At("destinationConfig.audienceId")! };
        var done = await audience.PushAsync("""{"action":"insert","primaryKey":"1","identifiers":{"email":"ada@example.com","userId":"u1"}}""");
        Assert.Equal(("completed", "ada@example.com/u1"), (done.Outcome, audience.Members));
        Assert.Contains(audience.Requests, r => r.Status == 400);
    }

    [Theory]
    [StoreData]
    public async Task A_dynamic_list_takes_no_connection(StoreKind store)
        => (await syncs.On(store).Host.PostAsync("/v2/retl-connections", $$$"""
            {"destinationId":"{{{(await syncs.On(store).AudienceAsync()).Destination}}}","syncBehaviour":"mirror","destinationConfig":{"audienceId":{{{await DynamicAsync(store)}}} } }
            """)).ShouldRefuse("destinationConfig.audienceId");

    [Theory]
    [StoreData(FaultKind.ResetBefore)]
    [StoreData(FaultKind.ResetAfter)]
    [StoreData(FaultKind.Truncate)]
    [StoreData(FaultKind.Html)]
    [StoreData(FaultKind.Empty)]
    [StoreData(FaultKind.Respond)]
    internal async Task A_batch_whose_answer_is_lost_is_sent_again(StoreKind store, FaultKind fault)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        audience.Fault(new FaultRule { Fault = fault, Times = 2 });
        var done = await audience.PushAsync(Row.People(5));
        Assert.Equal(("completed", "subscribed 5"), (done.Outcome, done.Outcomes));
        Assert.Equal("subscribe 3, retried 2", done.Requests);
        Assert.Equal(5, audience.Project.Members(audience.List).Count);
        Assert.Equal(3, (int)(await audience.RecordAsync(done.Id, "1"))["attempts"]!);
    }

    [Theory]
    [StoreData]
    public async Task A_batch_that_cannot_be_delivered_fails_alone_and_the_sync_goes_on(StoreKind store)
    {
        await using var own = await OneAtATimeAsync(store);
        var audience = await own.AudienceAsync();
        audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 503, Times = 0, On = new() { Identifier = "p1" } });
        var done = await audience.PushAsync(Row.People(2500));
        Assert.Equal("completed_with_failures", done.Outcome);
        var lost = audience.Requests.First(r => r.Status == 503).Count;
        Assert.Equal($"failed delivery_failed {lost}", done.Reasons);
        Assert.Equal(6, audience.Requests.Count(r => r.Status == 503));
        var failed = (await audience.RecordListAsync(done.Id, "outcome=failed&pageSize=1"))[0]!;
        Assert.Equal((6, 503), ((int)failed["attempts"]!, (int)failed["httpStatus"]!));
        Assert.Equal(2500 - lost, audience.Project.Members(audience.List).Count);
    }

    [Theory]
    [StoreData]
    public async Task After_five_such_batches_in_a_row_the_sync_is_given_up(StoreKind store)
    {
        await using var own = await OneAtATimeAsync(store);
        own.Host.Settings["Iterable:MaxAttempts"] = "2";
        var audience = await own.AudienceAsync();
        audience.Fault(new FaultRule { Fault = FaultKind.ResetBefore, Times = 0 });
        var done = await audience.PushAsync(Row.People(9500));
        Assert.Equal("aborted", done.Outcome);
        Assert.Contains("5 batches in a row could not be delivered", done.Error, StringComparison.Ordinal);
        Assert.Contains("failed delivery_failed", done.Reasons, StringComparison.Ordinal);
        Assert.Contains("not_sent sync_aborted", done.Reasons, StringComparison.Ordinal);
        Assert.Equal("", audience.Members);
    }

    [Theory]
    [StoreData(CallKind.Subscribe)]
    [StoreData(CallKind.Unsubscribe)]
    internal async Task A_row_for_which_its_batch_is_refused_stands_alone_in_the_end(StoreKind store, CallKind kind)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync(more: """, "syncSettings":{"guard":{"enabled":false}}""");
        if (kind == CallKind.Unsubscribe)
            await audience.PushAsync(Row.People(200));
        audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 400, Times = 0, On = new() { Kind = kind, Identifier = "p77" } });
        var done = await audience.PushAsync(kind == CallKind.Subscribe ? Row.People(200) : Row.Leavers(200));
        Assert.Equal($"{(kind == CallKind.Subscribe ? "subscribed" : "unsubscribed")} 199, failed 1", done.Outcomes);
        Assert.Equal("failed refused_by_iterable 1", done.Reasons);
        Assert.Equal("77 failed refused_by_iterable", await audience.RecordsAsync(done.Id, "outcome=failed"));
        Assert.Equal(kind == CallKind.Subscribe ? 199 : 1, audience.Project.Members(audience.List).Count);
        Assert.InRange(audience.Requests.Count(r => r.Kind == kind), 2, 20);
    }

    [Theory]
    [StoreData(FaultKind.CountTooSmall)]
    [StoreData(FaultKind.FailUnnamed)]
    internal async Task Counts_that_do_not_add_up_are_settled_by_sending_less(StoreKind store, FaultKind fault)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        audience.Fault(new FaultRule { Fault = fault, Times = 1, Rows = 2 });
        var done = await audience.PushAsync(Row.People(100));
        Assert.Equal(("completed", "subscribed 100"), (done.Outcome, done.Outcomes));
        Assert.Equal(100, await audience.LedgerAsync());
    }

    [Theory]
    [StoreData(50, 0)]
    [StoreData(0, 100_000)]
    public async Task A_batch_that_is_too_large_is_halved(StoreKind store, int maxSubscribers, int maxBytes)
    {
        await using var own = await SyncHost.StartAsync(store);
        var audience = await own.AudienceAsync();
        own.World.Behaviour = new Behaviour { MaxSubscribers = maxSubscribers, MaxBodyBytes = maxBytes == 0 ? 4_000_000 : 5_000 };
        var done = await audience.PushAsync(Row.People(300));
        Assert.Equal(("completed", "subscribed 300"), (done.Outcome, done.Outcomes));
    }

    [Theory]
    [StoreData]
    public async Task A_storm_of_429_slows_the_sync_down_and_costs_nothing(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        audience.Fault(new FaultRule { Fault = FaultKind.RateLimit, Times = 3 });
        audience.Fault(new FaultRule { Fault = FaultKind.RateLimit, RetryAfterSeconds = 1, PlainText = true });
        var done = await audience.PushAsync(Row.People(10));
        Assert.Equal(("completed", "subscribed 10"), (done.Outcome, done.Outcomes));
        Assert.Equal("subscribe 5, throttled 4", done.Requests);
        var asked = audience.Requests.Last(r => r.Status == 429);
        Assert.True(audience.Requests[^1].At - asked.AnsweredAt >= TimeSpan.FromSeconds(0.9), "Retry-After was not honoured");
        Assert.Equal(1, (int)(await audience.RecordAsync(done.Id, "1"))["attempts"]!);
    }

    [Theory]
    [StoreData]
    public async Task A_project_that_answers_nothing_but_429_aborts_the_sync_in_the_end(StoreKind store)
    {
        await using var own = await SyncHost.StartAsync(store);
        own.Host.Settings["Iterable:ThrottlePatience"] = "00:00:01";
        var audience = await own.AudienceAsync();
        audience.Fault(new FaultRule { Fault = FaultKind.RateLimit, Times = 0 });
        var done = await audience.PushAsync(Row.People(2));
        Assert.Equal(("aborted", "not_sent 2"), (done.Outcome, done.Outcomes));
        Assert.Contains("429", done.Error, StringComparison.Ordinal);
    }

    [Theory]
    [StoreData]
    public async Task When_Iterable_is_out_of_reach_control_calls_answer_502_and_syncs_end_with_a_reason(StoreKind store)
    {
        await using var own = await SyncHost.StartAsync(store);
        var audience = await own.AudienceAsync();
        await own.Simulator.DisposeAsync();
        (await own.Host.GetAsync($"/v2/accounts/{audience.Account}/lists?refresh=true")).ShouldBeProblem(System.Net.HttpStatusCode.BadGateway, "Iterable");
        var done = await audience.PushAsync(Row.People(2));
        Assert.Equal("failed delivery_failed 2", done.Reasons);
        var failed = await audience.RecordAsync(done.Id, "1");
        Assert.Null(failed["httpStatus"]);
        Assert.Equal(6, (int)failed["attempts"]!);
    }

    [Theory]
    [StoreData]
    public async Task After_everything_nobody_was_taken_off_a_channel(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        await audience.PushAsync(Row.People(3));
        await audience.PushAsync(Row.Leavers(3));
        Assert.All(sync.World.Projects, p => Assert.Empty(p.ChannelOptOuts()));
        Assert.All(sync.World.Log.Entries.Where(e => e.Kind == CallKind.Unsubscribe && e.Body is not null), e => Assert.Contains("\"channelUnsubscribe\":false", e.Body, StringComparison.Ordinal));
    }

    private static async Task<SyncHost> OneAtATimeAsync(StoreKind store)
    {
        var own = await SyncHost.StartAsync(store);
        own.Host.Settings["Iterable:MaxInFlight"] = "1";
        return own;
    }

    private async Task<long> DynamicAsync(StoreKind store)
        => (await syncs.On(store).AudienceAsync()).Project.Lists().First(l => l.Type == ListType.Dynamic).Id;
}
