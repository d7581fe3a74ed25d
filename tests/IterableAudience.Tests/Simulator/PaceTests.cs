using System.Net;
using IterableAudience.Simulator.Projects;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace IterableAudience.Tests.Simulator;

public sealed class PaceTests
{
    private const long List = SimulatorDriver.HybridList;

    [Fact]
    public async Task A_project_has_so_many_requests_a_second_and_a_burst()
    {
        var time = new FakeTimeProvider();
        await using var simulator = await SimulatorDriver.StartAsync(behaviour: new Behaviour { RequestsPerSecond = 2, Burst = 3 }, time: time);

        var statuses = new List<int>();
        for (var i = 0; i < 4; i++)
            statuses.Add((int)(await simulator.SubscribeAsync(List, "")).Status);
        time.Advance(TimeSpan.FromSeconds(0.5));
        statuses.Add((int)(await simulator.SubscribeAsync(List, "")).Status);
        statuses.Add((int)(await simulator.SubscribeAsync(List, "")).Status);

        Assert.Equal([200, 200, 200, 429, 200, 429], statuses);
    }

    [Theory]
    [InlineData(RetryAfterForm.None, null)]
    [InlineData(RetryAfterForm.Seconds, "10")]
    [InlineData(RetryAfterForm.HttpDate, "Thu, 01 Jan 2026 00:00:11 GMT")]
    internal async Task A_refusal_says_when_to_come_back_or_does_not(RetryAfterForm form, string? expected)
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
        await using var simulator = await SimulatorDriver.StartAsync(behaviour: new Behaviour { RequestsPerSecond = 0.1, RetryAfter = form }, time: time);
        await simulator.SubscribeAsync(List, "");

        var answer = await simulator.SubscribeAsync(List, "");

        Assert.Equal((HttpStatusCode.TooManyRequests, expected), (answer.Status, answer.RetryAfter));
        Assert.Equal("Exceeded rate limit of 0.1 per second for endpoint: /api/lists/subscribe, project: 1001 ", (string?)answer.Json["msg"]);
    }

    [Fact]
    public async Task Projects_do_not_share_a_limit()
    {
        await using var simulator = await SimulatorDriver.StartAsync(behaviour: new Behaviour { RequestsPerSecond = 1 }, time: new FakeTimeProvider());
        await simulator.SubscribeAsync(List, "");

        var other = await simulator.SendAsync(HttpMethod.Get, "/api/lists", body: null, "sim-email");

        Assert.Equal(HttpStatusCode.OK, other.Status);
    }

    [Fact]
    public async Task Reading_a_list_can_be_limited_as_documented()
    {
        await using var simulator = await SimulatorDriver.StartAsync(behaviour: new Behaviour { DocumentedReadLimits = true }, time: new FakeTimeProvider());

        var statuses = new List<HttpStatusCode>();
        for (var i = 0; i < 6; i++)
            statuses.Add((await simulator.GetAsync($"/api/lists/{List}/size")).Status);

        Assert.Equal(5, statuses.Count(status => status == HttpStatusCode.OK));
        Assert.Equal(HttpStatusCode.TooManyRequests, statuses[^1]);
    }

    [Fact]
    public async Task An_answer_is_held_back_after_the_effect()
    {
        var time = new FakeTimeProvider();
        await using var simulator = await SimulatorDriver.StartAsync(behaviour: new Behaviour { DelayMs = 3000 }, time: time);

        var call = simulator.SubscribeAsync(List, """{"email":"a@example.com"}""");
        while (simulator.Project.Members(List).Count == 0)
            await Task.Yield();
        Assert.False(call.IsCompleted);
        while (!call.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(3));
            await Task.Yield();
        }

        Assert.Equal(1, (await call).Successes);
    }
}
