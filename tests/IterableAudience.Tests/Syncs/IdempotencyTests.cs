using System.Net;
using IterableAudience.Tests.Stores;
using Xunit;

namespace IterableAudience.Tests.Syncs;

public sealed class IdempotencyTests(SyncHosts syncs) : IClassFixture<SyncHosts>
{
    private static readonly string People = Audience.Body(Row.People(2));

    [Theory]
    [StoreData]
    public async Task The_same_key_and_body_answer_with_the_same_sync_and_send_nothing_twice(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        var first = Audience.Finished(await audience.SendAsync(People, "wait=60", key: "k"));
        var again = Audience.Finished(await audience.SendAsync(People, "wait=60", key: "k"));
        Assert.Equal(first.Json.ToJsonString(), again.Json.ToJsonString());
        Assert.Equal(first.Id, (await audience.SendAsync(People, key: "k")).ShouldBe(HttpStatusCode.Accepted).Text("syncId"));
        Assert.Equal("subscribe 2", audience.Sent);
        Assert.Equal(1, (int)(await audience.Host.GetAsync($"{audience.Url}/syncs")).At("paging.total")!);
    }

    [Theory]
    [StoreData]
    public async Task Another_body_under_the_same_key_is_a_conflict(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        var first = Audience.Finished(await audience.SendAsync(People, "wait=60", key: "k"));
        var answer = (await audience.SendAsync(Audience.Body(Row.People(3)), key: "k")).ShouldBeProblem(HttpStatusCode.Conflict, "another body");
        Assert.Equal(first.Id, answer.Text("syncId"));
        Assert.Equal("subscribe 2", audience.Sent);
    }

    [Theory]
    [StoreData]
    public async Task A_key_belongs_to_its_connection(StoreKind store)
    {
        var sync = syncs.On(store);
        var (one, other) = (await sync.AudienceAsync(), await sync.AudienceAsync());
        await one.SendAsync(People, "wait=60", key: "k");
        Audience.Finished(await other.SendAsync(People, "wait=60", key: "k"));
        Assert.Equal(("subscribe 2", "subscribe 2"), (one.Sent, other.Sent));
    }

    [Theory]
    [StoreData]
    public async Task The_key_answers_while_the_sync_runs_and_on_a_disabled_connection(StoreKind store)
    {
        await using var own = await SyncHost.StartAsync(store);
        var audience = await own.AudienceAsync();
        own.Gate.Close();
        var first = (await audience.SendAsync(People, key: "k")).ShouldBe(HttpStatusCode.Accepted).Text("syncId");
        await own.Gate.ArrivedAsync(TestContext.Current.CancellationToken);
        Assert.Equal(first, (await audience.SendAsync(People, key: "k")).ShouldBe(HttpStatusCode.Accepted).Text("syncId"));
        (await audience.SendAsync(People, key: "other")).ShouldBeProblem(HttpStatusCode.Conflict, "already running");
        own.Gate.Open();
        await audience.EndOfAsync(first);

        (await own.Host.PutAsync(audience.Url, """{"enabled":false}""")).ShouldBe(HttpStatusCode.OK);
        Assert.Equal(first, Audience.Finished(await audience.SendAsync(People, "wait=60", key: "k")).Id);
        Assert.Equal("subscribe 2", audience.Sent);
    }

    [Theory]
    [StoreData]
    public async Task The_key_of_a_body_that_was_cut_off_is_free_again(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        var cut = (await audience.SendAsync(People[..^5], key: "k")).ShouldBeProblem(HttpStatusCode.BadRequest, "breaks off");
        var whole = Audience.Finished(await audience.SendAsync(People, "wait=60", key: "k"));
        Assert.NotEqual(cut.Text("syncId"), whole.Id);
        Assert.Equal("completed", whole.Outcome);
    }

    [Theory]
    [StoreData]
    public async Task A_key_is_kept_for_24_hours(StoreKind store)
    {
        await using var own = new SyncHost(store) { Clock = new() };
        await own.InitializeAsync();
        var audience = await own.AudienceAsync();
        var first = Audience.Finished(await audience.SendAsync(People, "wait=60", key: "k"));
        own.Clock!.Ahead = TimeSpan.FromHours(23.9);
        Assert.Equal(first.Id, Audience.Finished(await audience.SendAsync(People, "wait=60", key: "k")).Id);
        own.Clock.Ahead = TimeSpan.FromHours(24.1);
        Assert.NotEqual(first.Id, Audience.Finished(await audience.SendAsync(People, "wait=60", key: "k")).Id);
        Assert.Equal("subscribe 2, subscribe 2", audience.Sent);
    }

    [Theory]
    [StoreData]
    public async Task A_key_that_is_too_long_is_refused(StoreKind store)
        => (await (await syncs.On(store).AudienceAsync()).SendAsync(People, key: new string('k', 256))).ShouldRefuse("Idempotency-Key");

    [Theory]
    [StoreData]
    public async Task The_same_push_sent_twice_at_once_is_one_sync(StoreKind store)
    {
        var sync = syncs.On(store);
        for (var i = 0; i < 5; i++)
        {
            var audience = await sync.AudienceAsync();
            var twins = await Task.WhenAll(audience.SendAsync(People, "wait=60", key: "k"), audience.SendAsync(People, "wait=60", key: "k"));
            Assert.Equal(Id(twins[0]), Id(twins[1]));
            await audience.EndOfAsync(Id(twins[0]));
        }

        static string Id(Answer answer) => answer.Status == HttpStatusCode.Accepted ? answer.Text("syncId") : Audience.Finished(answer).Id;
    }
}
