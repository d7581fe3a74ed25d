using System.Net;
using IterableAudience.Simulator.Projects;
using Xunit;

namespace IterableAudience.Tests.Simulator;

public sealed class RefusedCallTests
{
    private const long List = SimulatorDriver.HybridList;

    public static TheoryData<string, string> MistypedBodies => new()
    {
        { """{"listId":"123","subscribers":[]}""", "obj.listId" },
        { """{"listId":123.5,"subscribers":[]}""", "obj.listId" },
        { """{"subscribers":[]}""", "obj.listId" },
        { """{"listId":100101}""", "obj.subscribers" },
        { """{"listId":100101,"subscribers":{}}""", "obj.subscribers" },
        { """{"listId":100101,"subscribers":[{"email":42}]}""", "obj.subscribers[0].email" },
        { """{"listId":100101,"subscribers":[{"email":"a@example.com"},7,{"userId":["u"]}]}""", "obj.subscribers[1] obj.subscribers[2].userId" },
        { """{"listId":100101,"subscribers":[{"email":"a@example.com"},{"userId":"u","preferUserId":"abc"}]}""", "obj.subscribers[1].preferUserId" },
        { """{"listId":100101,"subscribers":[],"updateExistingUsersOnly":"no"}""", "obj.updateExistingUsersOnly" },
    };

    [Theory]
    [MemberData(nameof(MistypedBodies))]
    public async Task One_mistyped_value_refuses_the_whole_call_and_names_its_place(string body, string places)
    {
        await using var simulator = await SimulatorDriver.StartAsync();

        var answer = await simulator.SendAsync(HttpMethod.Post, "/api/lists/subscribe", body);

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Equal("BadJsonBody", (string?)answer.Json["code"]);
        Assert.Equal(places.Split(' '), answer.Json["params"]!.AsObject().Select(place => place.Key));
        Assert.Empty(simulator.Project.People());
    }

    [Fact]
    public async Task The_text_about_a_mistyped_body_repeats_the_body_and_the_key()
    {
        await using var simulator = await SimulatorDriver.StartAsync();

        var answer = await simulator.SubscribeAsync(List, """{"email":"a@example.com","userId":1}""");

        Assert.Contains("sim-hybrid", (string?)answer.Json["msg"]);
        Assert.Contains("a@example.com", (string?)answer.Json["msg"]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("""{"listId":100101,"subscribers":[]} more""")]
    public async Task What_is_no_json_is_refused_with_a_page(string body)
    {
        await using var simulator = await SimulatorDriver.StartAsync();

        var answer = await simulator.SendAsync(HttpMethod.Post, "/api/lists/subscribe", body);

        Assert.Equal((HttpStatusCode.BadRequest, "text/html"), (answer.Status, answer.ContentType));
    }

    [Fact]
    public async Task A_row_with_neither_identifier_refuses_the_call()
    {
        await using var simulator = await SimulatorDriver.StartAsync();

        var answer = await simulator.SubscribeAsync(List, """{"email":"a@example.com"},{}""");

        Assert.Equal((HttpStatusCode.BadRequest, "BadParams"), (answer.Status, (string?)answer.Json["code"]));
        Assert.Empty(simulator.Project.Members(List));
    }

    [Fact]
    public async Task An_unknown_list_is_a_400_that_calls_itself_a_success()
    {
        await using var simulator = await SimulatorDriver.StartAsync();

        var answer = await simulator.SubscribeAsync(999999999, """{"email":"a@example.com"}""");

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Equal("""{"msg":"error.lists.invalidListId(999999999)","code":"Success","params":{"projectId":1001,"listId":999999999}}""", answer.Text);
    }

    [Fact]
    public async Task The_list_of_another_project_is_unknown()
    {
        await using var simulator = await SimulatorDriver.StartAsync();

        var answer = await simulator.SubscribeAsync(SimulatorDriver.EmailList, """{"email":"a@example.com"}""");

        Assert.StartsWith("error.lists.invalidListId", (string?)answer.Json["msg"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("wrong", "/api/lists", "Invalid API key")]
    [InlineData("sim-eu", "/api/lists", "Invalid API key")]
    [InlineData("sim-hybrid", "/eu/api/lists", "Invalid API key")]
    [InlineData("sim-client", "/api/lists", "Disabled API key or insufficient privileges")]
    [InlineData("sim-disabled", "/api/lists", "Disabled API key or insufficient privileges")]
    [InlineData("sim-readonly", "/api/lists", null)]
    [InlineData("sim-eu", "/eu/api/lists", null)]
    public async Task A_key_opens_its_own_project_in_its_own_data_center(string apiKey, string path, string? refusal)
    {
        await using var simulator = await SimulatorDriver.StartAsync();

        var answer = await simulator.SendAsync(HttpMethod.Get, path, body: null, apiKey);

        Assert.Equal(refusal is null ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, answer.Status);
        if (refusal is not null)
            Assert.Equal((refusal, "BadApiKey"), ((string?)answer.Json["msg"], (string?)answer.Json["code"]));
        Assert.DoesNotContain(apiKey, answer.Text);
    }

    [Fact]
    public async Task A_read_only_key_changes_nothing()
    {
        await using var simulator = await SimulatorDriver.StartAsync();

        var answer = await simulator.SendAsync(
            HttpMethod.Post, "/api/lists/subscribe", """{"listId":100101,"subscribers":[{"email":"a@example.com"}]}""", "sim-readonly");

        Assert.Equal(HttpStatusCode.Unauthorized, answer.Status);
        Assert.Equal("ReadOnly", (string?)answer.Json["params"]!["apiKeyType"]);
        Assert.Empty(simulator.Project.People());
    }

    [Fact]
    public async Task A_body_above_the_limit_is_too_large()
    {
        await using var simulator = await SimulatorDriver.StartAsync(behaviour: new Behaviour { MaxBodyBytes = 200 });

        var fits = await simulator.SubscribeAsync(List, """{"email":"a@example.com"}""");
        var tooLarge = await simulator.SubscribeAsync(List, $$"""{"email":"{{new string('a', 200)}}@example.com"}""");

        Assert.Equal(HttpStatusCode.OK, fits.Status);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, tooLarge.Status);
    }

    [Fact]
    public async Task More_rows_than_the_limit_are_a_batch_too_large()
    {
        await using var simulator = await SimulatorDriver.StartAsync(behaviour: new Behaviour { MaxSubscribers = 1 });

        var answer = await simulator.SubscribeAsync(List, """{"userId":"a"},{"userId":"b"}""");

        Assert.Equal((HttpStatusCode.BadRequest, "BatchTooLarge"), (answer.Status, (string?)answer.Json["code"]));
    }

    [Fact]
    public async Task An_unknown_user_can_refuse_the_call()
    {
        await using var simulator = await SimulatorDriver.StartAsync(
            "sim-email", new Behaviour { UnidentifiableRows = UnidentifiableRow.RefusesTheCall });

        var answer = await simulator.SubscribeAsync(SimulatorDriver.EmailList, """{"email":"a@example.com"},{"userId":"unknown"}""");

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Empty(simulator.Project.People());
    }

    [Theory]
    [InlineData("DELETE", "/api/lists/")]
    [InlineData("GET", "/api/nothing/here")]
    [InlineData("PUT", "/api/lists/subscribe")]
    public async Task A_wrong_path_or_method_gets_a_page(string method, string path)
    {
        await using var simulator = await SimulatorDriver.StartAsync();

        var answer = await simulator.SendAsync(new HttpMethod(method), path, body: null);

        Assert.Equal((HttpStatusCode.NotFound, "text/html"), (answer.Status, answer.ContentType));
        Assert.Contains("Action not found", answer.Text);
    }
}
