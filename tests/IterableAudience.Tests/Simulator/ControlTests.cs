using System.Net;
using IterableAudience.Simulator.Projects;
using Xunit;

namespace IterableAudience.Tests.Simulator;

public sealed class ControlTests
{
    private const long List = SimulatorDriver.HybridList;

    [Fact]
    public async Task The_state_shows_lists_members_users_and_counters()
    {
        await using var simulator = await SimulatorDriver.StartAsync();
        await simulator.SubscribeAsync(List, """{"email":"B@example.com","userId":"u2"},{"userId":"u1"},{"email":"bad@"}""");
        simulator.Project.Forget("gone@example.com", null);

        var state = (await simulator.GetAsync("/_sim/state?project=1001")).Json;

        var project = Assert.Single(state["projects"]!.AsArray())!;
        var list = project["lists"]!.AsArray().Single(list => (long)list!["id"]! == List)!;
        Assert.Equal("hybrid", (string?)project["type"]);
        Assert.Equal(2, (int)list["size"]!);
        Assert.Equal("""[{"userId":"u1"},{"email":"b@example.com","userId":"u2"}]""", list["members"]!.ToJsonString());
        Assert.Equal(2, (int)project["userCount"]!);
        Assert.Equal("""["gone@example.com"]""", project["forgotten"]!["emails"]!.ToJsonString());
        Assert.Equal((1, 3), ((int)state["counters"]!["requests"]!["subscribe"]!, (int)state["counters"]!["rows"]!["subscribe"]!));
    }

    [Fact]
    public async Task The_log_tells_what_was_received_and_never_the_key()
    {
        await using var simulator = await SimulatorDriver.StartAsync(logBodies: true);
        await simulator.UnsubscribeAsync(List, """{"userId":"u1"},{"userId":"u2"}""", ",\"channelUnsubscribe\":false");

        var log = await simulator.GetAsync("/_sim/requests");

        var request = Assert.Single(log.Json["requests"]!.AsArray())!;
        Assert.Equal(("unsubscribe", List, 2, 200), ((string?)request["kind"], (long)request["listId"]!, (int)request["count"]!, (int)request["status"]!));
        Assert.False((bool)request["channelUnsubscribe"]!);
        Assert.Contains("u2", (string?)request["body"]);
        Assert.DoesNotContain(simulator.ApiKey, log.Text);
    }

    [Fact]
    public async Task Settings_change_one_by_one_and_a_typing_error_changes_nothing()
    {
        await using var simulator = await SimulatorDriver.StartAsync(behaviour: new Behaviour { DelayMs = 1 });

        var changed = await PostAsync(simulator, "settings", """{"maxSubscribers":5,"retryAfter":"http-date","randomFaults":{"reset-after":0.5}}""");
        var refused = await PostAsync(simulator, "settings", """{"maxSubscriber":7}""");

        Assert.Equal(HttpStatusCode.OK, changed.Status);
        Assert.Equal(HttpStatusCode.BadRequest, refused.Status);
        Assert.Equal((1, 5, RetryAfterForm.HttpDate), (simulator.World.Behaviour.DelayMs, simulator.World.Behaviour.MaxSubscribers, simulator.World.Behaviour.RetryAfter));
    }

    [Fact]
    public async Task Faults_are_queued_one_or_many_at_a_time()
    {
        await using var simulator = await SimulatorDriver.StartAsync();

        await PostAsync(simulator, "faults", """{"fault":"respond","status":418,"on":{"kind":"subscribe","identifier":"u1"}}""");
        var waiting = await PostAsync(simulator, "faults", """[{"fault":"reset-after"},{"fault":"hang","skip":2}]""");
        var answer = await simulator.SubscribeAsync(List, """{"userId":"u1"}""");
        var unknown = await PostAsync(simulator, "faults", """{"fault":"explode"}""");

        Assert.Equal(3, waiting.Json.AsArray().Count);
        Assert.Equal(418, (int)answer.Status);
        Assert.Equal(HttpStatusCode.BadRequest, unknown.Status);
    }

    [Fact]
    public async Task Projects_lists_and_users_are_made_at_run_time()
    {
        await using var simulator = await SimulatorDriver.StartAsync();

        await PostAsync(simulator, "projects", """{"id":7,"name":"Mine","type":"userId-based","dataCenter":"EU","keys":{"k7":"server-side"}}""");
        var list = await PostAsync(simulator, "lists", """{"project":7,"name":"L"}""");
        var listId = (long)list.Json["listId"]!;
        var seeded = await PostAsync(simulator, "users", $$"""{"project":7,"users":[{"userId":"u1","lists":[{{listId}}]},{"userId":"gone","forgotten":true}]}""");
        var refused = await PostAsync(simulator, "users", """{"project":7,"users":[{"email":"a@example.com"}]}""");
        var members = await simulator.SendAsync(HttpMethod.Get, $"/eu/api/lists/getUsers?listId={listId}", body: null, "k7");

        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.BadRequest), (seeded.Status, refused.Status));
        Assert.Equal("u1\n", members.Text);
        Assert.Equal(["gone"], simulator.World.Project(7).Forgotten().UserIds);
    }

    [Fact]
    public async Task A_reset_gives_back_the_beginning()
    {
        await using var simulator = await SimulatorDriver.StartAsync();
        await simulator.SubscribeAsync(List, """{"userId":"u1"}""");
        await PostAsync(simulator, "settings", """{"maxSubscribers":1}""");

        var reset = await PostAsync(simulator, "reset", "");

        Assert.Equal(HttpStatusCode.NoContent, reset.Status);
        Assert.Empty(simulator.Project.People());
        Assert.Equal(0, simulator.World.Behaviour.MaxSubscribers);
        Assert.Empty(simulator.World.Log.Entries);
    }

    [Fact]
    public async Task The_front_page_says_what_can_be_trusted()
    {
        await using var simulator = await SimulatorDriver.StartAsync();

        var page = await simulator.GetAsync("/");

        Assert.Equal("text/html", page.ContentType);
        Assert.All(["not Iterable", "Documented", "Recorded", "Assumed", "100101"], words => Assert.Contains(words, page.Text));
        Assert.DoesNotContain("http://", page.Text);
        Assert.DoesNotContain("https://", page.Text);
    }

    private static Task<Answer> PostAsync(SimulatorDriver simulator, string path, string body) => simulator.SendAsync(HttpMethod.Post, "/_sim/" + path, body);
}
