using System.Net;
using IterableAudience.Simulator.Projects;
using Xunit;

namespace IterableAudience.Tests.Simulator;

public sealed class UserCallTests
{
    [Theory]
    [InlineData("/api/users/A@example.com")]
    [InlineData("/api/users/getByEmail?email=a@example.com")]
    [InlineData("/api/users/byUserId/u1")]
    public async Task A_user_is_found_with_its_lists(string path)
    {
        await using var simulator = await SimulatorDriver.StartAsync("sim-email");
        simulator.Project.AddUser("a@example.com", "u1", listIds: SimulatorDriver.EmailList);

        var answer = await simulator.GetAsync(path);

        Assert.Equal("a@example.com", (string?)answer.Json["user"]!["email"]);
        Assert.Equal("u1", (string?)answer.Json["user"]!["userId"]);
        Assert.Equal($"[{SimulatorDriver.EmailList}]", answer.Json["user"]!["dataFields"]!["emailListIds"]!.ToJsonString());
    }

    [Theory]
    [InlineData("/api/users/nobody@example.com")]
    [InlineData("/api/users/byUserId/42")]
    public async Task An_unknown_user_is_an_empty_object(string path)
    {
        await using var simulator = await SimulatorDriver.StartAsync();

        var answer = await simulator.GetAsync(path);

        Assert.Equal((HttpStatusCode.OK, "{}"), (answer.Status, answer.Text));
    }

    [Fact]
    public async Task An_unknown_userId_was_a_400_in_plain_text_in_2017()
    {
        await using var simulator = await SimulatorDriver.StartAsync(behaviour: new Behaviour { Answers = AnswerEra.Recorded2017 });

        var answer = await simulator.GetAsync("/api/users/byUserId/42");

        Assert.Equal((HttpStatusCode.BadRequest, "No user with that id exists!"), (answer.Status, answer.Text));
    }

    [Fact]
    public async Task A_forgotten_person_is_gone_and_stays_out()
    {
        await using var simulator = await SimulatorDriver.StartAsync();
        await simulator.SubscribeAsync(SimulatorDriver.HybridList, """{"email":"a@example.com","userId":"u1"}""");

        var forgotten = await simulator.SendAsync(HttpMethod.Post, "/api/users/forget", """{"email":"A@example.com"}""");
        var again = await simulator.SubscribeAsync(SimulatorDriver.HybridList, """{"email":"a@example.com"}""");

        Assert.Equal("""{"msg":"","code":"Success","params":null}""", forgotten.Text);
        Assert.Equal("forgottenEmails=a@example.com", again.Failed);
        Assert.Empty(simulator.Project.People());
        Assert.Empty(simulator.Project.Members(SimulatorDriver.HybridList));
    }

    [Fact]
    public async Task A_malformed_address_is_not_forgotten()
    {
        await using var simulator = await SimulatorDriver.StartAsync();

        var answer = await simulator.SendAsync(HttpMethod.Post, "/api/users/forget", """{"email":"foo@"}""");

        Assert.Equal((HttpStatusCode.BadRequest, "InvalidEmailAddressError"), (answer.Status, (string?)answer.Json["code"]));
    }

    [Theory]
    [InlineData(AnswerEra.Recorded2021, """{"successCount":0,"failCount":1,"invalidEmails":["user@"],"invalidUserIds":[]}""")]
    [InlineData(AnswerEra.Recorded2017, """{"successCount":0,"failCount":1,"invalidEmails":["user@"]}""")]
    internal async Task Answers_can_have_their_older_shapes(AnswerEra era, string expected)
    {
        await using var simulator = await SimulatorDriver.StartAsync("sim-email", new Behaviour { Answers = era });

        var answer = await simulator.SubscribeAsync(SimulatorDriver.EmailList, """{"email":"user@"}""");

        Assert.Equal(expected, answer.Text);
    }

    [Fact]
    public async Task Echoes_can_be_in_lower_case()
    {
        await using var simulator = await SimulatorDriver.StartAsync(behaviour: new Behaviour { LowercaseEchoes = true });

        var answer = await simulator.UnsubscribeAsync(SimulatorDriver.HybridList, """{"email":"Nobody@Example.com"},{"userId":"Nobody"}""");

        Assert.Equal("notFoundEmails=nobody@example.com notFoundUserIds=Nobody", answer.Failed);
    }
}
