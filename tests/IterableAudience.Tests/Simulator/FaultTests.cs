using System.Net;
using IterableAudience.Simulator.Api;
using IterableAudience.Simulator.Faults;
using IterableAudience.Simulator.Projects;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace IterableAudience.Tests.Simulator;

public sealed class FaultTests
{
    private const long List = SimulatorDriver.HybridList;
    private const string Row = """{"email":"a@example.com"}""";

    [Theory]
    [InlineData(FaultKind.ResetBefore, false)]
    [InlineData(FaultKind.ResetAfter, true)]
    [InlineData(FaultKind.Truncate, true)]
    internal async Task A_connection_breaks_before_or_after_the_effect(FaultKind kind, bool processed)
    {
        await using var simulator = await SimulatorDriver.StartAsync();
        simulator.World.Faults.Add(new FaultRule { Fault = kind });

        await Assert.ThrowsAsync<HttpRequestException>(() => simulator.SubscribeAsync(List, Row));

        Assert.Equal(processed ? 1 : 0, simulator.Project.Members(List).Count);
        Assert.Equal(1, (await simulator.SubscribeAsync(List, Row)).Successes);
    }

    [Theory]
    [InlineData(FaultKind.Hang, false)]
    [InlineData(FaultKind.HangAfter, true)]
    internal async Task A_call_hangs_until_the_client_gives_up(FaultKind kind, bool processed)
    {
        await using var simulator = await SimulatorDriver.StartAsync();
        simulator.World.Faults.Add(new FaultRule { Fault = kind });

        var call = simulator.SubscribeAsync(List, Row);
        while (simulator.World.Log.Entries is not [{ Fault: not null }] || simulator.Project.Members(List).Count != (processed ? 1 : 0))
            await Task.Yield();

        Assert.False(call.IsCompleted);
        await simulator.DisposeAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => call);
    }

    [Fact]
    public async Task A_fault_answers_with_any_status_and_body_and_has_no_effect()
    {
        await using var simulator = await SimulatorDriver.StartAsync();
        simulator.World.Faults.Add(new FaultRule { Fault = FaultKind.Respond, Status = 503, ContentType = "text/html", Body = "<p>busy</p>", RetryAfterSeconds = 7 });

        var answer = await simulator.SubscribeAsync(List, Row);

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "text/html", "7", "<p>busy</p>"), (answer.Status, answer.ContentType, answer.RetryAfter, answer.Text));
        Assert.Empty(simulator.Project.Members(List));
    }

    [Theory]
    [InlineData(FaultKind.Html, "text/html")]
    [InlineData(FaultKind.Empty, "application/json")]
    internal async Task A_call_that_was_processed_can_get_an_unreadable_200(FaultKind kind, string contentType)
    {
        await using var simulator = await SimulatorDriver.StartAsync();
        simulator.World.Faults.Add(new FaultRule { Fault = kind });

        var answer = await simulator.SubscribeAsync(List, Row);

        Assert.Equal((HttpStatusCode.OK, contentType), (answer.Status, answer.ContentType));
        Assert.DoesNotContain("successCount", answer.Text);
        Assert.Single(simulator.Project.Members(List));
    }

    [Theory]
    [InlineData(FaultKind.FailUnnamed, 1, 2)]
    [InlineData(FaultKind.CountTooSmall, 1, 0)]
    internal async Task Counts_can_be_wrong_without_naming_anyone(FaultKind kind, int successes, int failures)
    {
        await using var simulator = await SimulatorDriver.StartAsync();
        simulator.World.Faults.Add(new FaultRule { Fault = kind, Rows = 2 });

        var answer = await simulator.SubscribeAsync(List, """{"userId":"a"},{"userId":"b"},{"userId":"c"}""");

        Assert.Equal((successes, failures, ""), (answer.Successes, answer.Failures, answer.Failed));
        Assert.Equal(3, simulator.Project.Members(List).Count);
    }

    [Fact]
    public async Task A_rate_limit_fault_comes_in_every_form()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
        await using var simulator = await SimulatorDriver.StartAsync(time: time);
        simulator.World.Faults.Add(
            new FaultRule { Fault = FaultKind.RateLimit },
            new FaultRule { Fault = FaultKind.RateLimit, RetryAfterSeconds = 3 },
            new FaultRule { Fault = FaultKind.RateLimit, RetryAfterDateSeconds = 60 },
            new FaultRule { Fault = FaultKind.RateLimit, PlainText = true });

        var bare = await simulator.SubscribeAsync(List, Row);
        var seconds = await simulator.SubscribeAsync(List, Row);
        var date = await simulator.SubscribeAsync(List, Row);
        var plain = await simulator.SubscribeAsync(List, Row);

        Assert.Equal((HttpStatusCode.TooManyRequests, null), (bare.Status, bare.RetryAfter));
        Assert.Equal("RateLimitExceeded", (string?)bare.Json["code"]);
        Assert.Equal("3", seconds.RetryAfter);
        Assert.Equal("Thu, 01 Jan 2026 00:01:00 GMT", date.RetryAfter);
        Assert.Equal(("text/plain", "Too Many Requests"), (plain.ContentType, plain.Text));
    }

    [Fact]
    public async Task A_fault_meets_only_the_calls_it_is_for()
    {
        await using var simulator = await SimulatorDriver.StartAsync();
        simulator.World.Faults.Add(
            new FaultRule { Fault = FaultKind.Respond, On = new() { Kind = CallKind.Unsubscribe }, Times = 0 },
            new FaultRule { Fault = FaultKind.Respond, On = new() { Path = "/api/lists/getUsers" }, Times = 0 },
            new FaultRule { Fault = FaultKind.Respond, On = new() { ListId = 1 }, Times = 0 },
            new FaultRule { Fault = FaultKind.Respond, On = new() { Project = 1002 }, Times = 0 },
            new FaultRule { Fault = FaultKind.Respond, On = new() { Identifier = "Bad@Example.com" }, Status = 400, Times = 0 });

        var fine = await simulator.SubscribeAsync(List, Row);
        var unsubscribed = await simulator.UnsubscribeAsync(List, Row);
        var read = await simulator.GetAsync($"/api/lists/getUsers?listId={List}");
        var poisoned = await simulator.SubscribeAsync(List, Row + """,{"email":"bad@example.com"}""");

        Assert.Equal(HttpStatusCode.OK, fine.Status);
        Assert.Equal((HttpStatusCode.InternalServerError, "GenericError"), (unsubscribed.Status, (string?)unsubscribed.Json["code"]));
        Assert.Equal(HttpStatusCode.InternalServerError, read.Status);
        Assert.Equal(HttpStatusCode.BadRequest, poisoned.Status);
    }

    [Fact]
    public async Task A_fault_waits_for_its_turn_and_wears_off()
    {
        await using var simulator = await SimulatorDriver.StartAsync();
        simulator.World.Faults.Add(new FaultRule { Fault = FaultKind.Respond, Skip = 1, Times = 2 });

        var statuses = new List<int>();
        for (var i = 0; i < 4; i++)
            statuses.Add((int)(await simulator.SubscribeAsync(List, Row)).Status);

        Assert.Equal([200, 500, 500, 200], statuses);
        Assert.Empty(simulator.World.Faults.Waiting);
    }

    [Fact]
    public async Task Random_faults_come_as_often_as_asked_and_the_same_again_with_the_same_seed()
    {
        var behaviour = new Behaviour { RandomFaults = new Dictionary<FaultKind, double> { [FaultKind.Respond] = 0.2, [FaultKind.RateLimit] = 0.1 } };
        async Task<string> RunAsync()
        {
            await using var simulator = await SimulatorDriver.StartAsync(behaviour: behaviour);
            var statuses = new List<int>();
            for (var i = 0; i < 200; i++)
                statuses.Add((int)(await simulator.SubscribeAsync(List, Row)).Status);
            return string.Join(',', statuses);
        }

        var first = await RunAsync();
        var second = await RunAsync();

        Assert.Equal(first, second);
        Assert.InRange(first.Split(',').Count(status => status == "500"), 20, 60);
        Assert.InRange(first.Split(',').Count(status => status == "429"), 5, 40);
    }
}
