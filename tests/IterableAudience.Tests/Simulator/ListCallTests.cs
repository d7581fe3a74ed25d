using System.Net;
using IterableAudience.Simulator.Projects;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace IterableAudience.Tests.Simulator;

public sealed class ListCallTests
{
    private const long List = SimulatorDriver.HybridList;

    [Fact]
    public async Task A_new_list_is_there_at_once_and_takes_members()
    {
        await using var simulator = await SimulatorDriver.StartAsync();

        var created = await simulator.SendAsync(HttpMethod.Post, "/api/lists", """{"name":"List One","description":"first"}""");
        var listId = (long)created.Json["listId"]!;
        var subscribed = await simulator.SubscribeAsync(listId, """{"email":"a@example.com"}""");
        var lists = await simulator.GetAsync("/api/lists");

        Assert.Equal(1, subscribed.Successes);
        var listed = Assert.Single(lists.Json["lists"]!.AsArray(), list => (long)list!["id"]! == listId)!;
        Assert.Equal(("List One", "first", "Standard"), ((string?)listed["name"], (string?)listed["description"], (string?)listed["listType"]));
        Assert.True((long)listed["createdAt"]! > 1_000_000_000_000, "createdAt is in milliseconds");
        Assert.Contains(lists.Json["lists"]!.AsArray(), list => (string?)list!["listType"] == "Dynamic");
    }

    [Theory]
    [InlineData("{}", "error.path.missing")]
    [InlineData("""{"name":null}""", "error.expected.jsstring")]
    public async Task A_list_needs_a_name(string body, string fault)
    {
        await using var simulator = await SimulatorDriver.StartAsync();

        var answer = await simulator.SendAsync(HttpMethod.Post, "/api/lists", body);

        Assert.Equal((HttpStatusCode.BadRequest, "BadJsonBody"), (answer.Status, (string?)answer.Json["code"]));
        Assert.Equal($$"""{"obj.name":[{"msg":"{{fault}}","args":[]}]}""", answer.Json["params"]!.ToJsonString());
    }

    [Fact]
    public async Task List_names_can_be_made_unique()
    {
        await using var simulator = await SimulatorDriver.StartAsync(behaviour: new Behaviour { UniqueListNames = true });

        var first = await simulator.SendAsync(HttpMethod.Post, "/api/lists", """{"name":"Same"}""");
        var second = await simulator.SendAsync(HttpMethod.Post, "/api/lists", """{"name":"Same"}""");

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.BadRequest), (first.Status, second.Status));
    }

    [Fact]
    public async Task A_new_list_can_be_unknown_for_a_while()
    {
        var time = new FakeTimeProvider();
        await using var simulator = await SimulatorDriver.StartAsync(behaviour: new Behaviour { NewListDelayMs = 5000 }, time: time);
        var listId = (long)(await simulator.SendAsync(HttpMethod.Post, "/api/lists", """{"name":"x"}""")).Json["listId"]!;

        var early = await simulator.SubscribeAsync(listId, "");
        time.Advance(TimeSpan.FromSeconds(5));
        var late = await simulator.SubscribeAsync(listId, "");

        Assert.StartsWith("error.lists.invalidListId", (string?)early.Json["msg"], StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, late.Status);
    }

    [Fact]
    public async Task A_deleted_list_is_gone()
    {
        await using var simulator = await SimulatorDriver.StartAsync();
        var listId = simulator.Project.AddList("short-lived").Id;

        var deleted = await simulator.SendAsync(HttpMethod.Delete, $"/api/lists/{listId}", body: null);
        var again = await simulator.SendAsync(HttpMethod.Delete, $"/api/lists/{listId}", body: null);

        Assert.Equal($$"""{"msg":"List {{listId}} in Project 1001 was successfully deleted.","code":"Success","params":null}""", deleted.Text);
        Assert.Equal(HttpStatusCode.BadRequest, again.Status);
        Assert.Equal($$"""{"msg":"error.lists.deleteFailed({{listId}})","code":"BadParams","params":null}""", again.Text);
    }

    [Fact]
    public async Task A_list_in_use_is_not_deleted()
    {
        await using var simulator = await SimulatorDriver.StartAsync();
        var listId = simulator.Project.AddList("used", inUse: true).Id;

        var answer = await simulator.SendAsync(HttpMethod.Delete, $"/api/lists/{listId}", body: null);

        Assert.Equal(HttpStatusCode.Conflict, answer.Status);
    }

    [Fact]
    public async Task GetUsers_and_size_give_the_members()
    {
        await using var simulator = await SimulatorDriver.StartAsync();
        await simulator.SubscribeAsync(List, """{"email":"A@example.com","userId":"u1"},{"userId":"u2"}""");

        var byEmail = await simulator.GetAsync($"/api/lists/getUsers?listId={List}");
        var byUserId = await simulator.GetAsync($"/api/lists/getUsers?listId={List}&preferUserId=true");
        var size = await simulator.GetAsync($"/api/lists/{List}/size");

        Assert.Equal(("text/plain", "a@example.com\nu2\n"), (byEmail.ContentType, byEmail.Text));
        Assert.Equal("u1\nu2\n", byUserId.Text);
        Assert.Equal("2", size.Text);
    }

    [Fact]
    public async Task GetUsers_of_an_unknown_list_is_refused()
    {
        await using var simulator = await SimulatorDriver.StartAsync();

        var answer = await simulator.GetAsync("/api/lists/getUsers?listId=42");

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Equal("""{"msg":"Invalid email list id","code":"BadParams","params":{"projectId":"1001","listId":"42"}}""", answer.Text);
    }

    [Fact]
    public async Task A_dynamic_list_is_accepted_and_stays_as_it_is()
    {
        await using var simulator = await SimulatorDriver.StartAsync();

        var answer = await simulator.SubscribeAsync(100102, """{"email":"sample@example.com"}""");

        Assert.Equal(1, answer.Successes);
        Assert.Empty(simulator.Project.Members(100102));
    }

    [Fact]
    public async Task A_membership_can_show_late()
    {
        var time = new FakeTimeProvider();
        await using var simulator = await SimulatorDriver.StartAsync(behaviour: new Behaviour { MembershipDelayMs = 40_000 }, time: time);

        await simulator.SubscribeAsync(List, """{"email":"a@example.com"}""");
        var early = await simulator.GetAsync($"/api/lists/getUsers?listId={List}");
        Assert.Single(simulator.Project.Members(List));
        time.Advance(TimeSpan.FromSeconds(40));
        var shown = await simulator.GetAsync("/api/users/a@example.com");
        await simulator.UnsubscribeAsync(List, """{"email":"a@example.com"}""");
        var stillShown = await simulator.GetAsync($"/api/lists/{List}/size");
        time.Advance(TimeSpan.FromSeconds(40));
        var gone = await simulator.GetAsync($"/api/lists/{List}/size");

        Assert.Equal("", early.Text);
        Assert.Equal(List, (long)shown.Json["user"]!["dataFields"]!["userListIds"]![0]!);
        Assert.Equal(("1", "0"), (stillShown.Text, gone.Text));
    }

    [Fact]
    public async Task Opting_a_person_out_of_the_channel_is_remembered()
    {
        await using var simulator = await SimulatorDriver.StartAsync();
        simulator.Project.AddUser("a@example.com", null);

        await simulator.UnsubscribeAsync(List, """{"email":"a@example.com"}""", ",\"channelUnsubscribe\":true");

        Assert.Equal([new ChannelOptOut(new Person("a@example.com", null), List)], simulator.Project.ChannelOptOuts());
    }
}
