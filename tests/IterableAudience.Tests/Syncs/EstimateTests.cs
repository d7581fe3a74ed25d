using IterableAudience.Iterable;
using IterableAudience.Syncs;
using IterableAudience.Syncs.Report;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace IterableAudience.Tests.Syncs;

public sealed class EstimateTests
{
    private static readonly PaceLimits Limits = new(5, 4);
    private static readonly PaceStatus Idle = new(5, 5, 0, 0, 0, TimeSpan.Zero, TimeSpan.Zero, 0);

    [Fact]
    public void Requests_are_full_batches_of_each_kind()
    {
        Assert.Equal(2, Estimate.OpenRequests(1, 1000));
        Assert.Equal(3, Estimate.OpenRequests(1001, 999));
        Assert.Equal(0, Estimate.OpenRequests(0, -5));
    }

    [Fact]
    public void The_speed_is_the_budget_or_the_adapted_rate_or_what_slow_answers_leave_of_it()
    {
        var own = new Estimate.Part(7, 1, HasList: false, 30);
        Assert.Equal(6, Seconds(Idle));
        Assert.Equal(10, Seconds(Idle with { EffectiveRate = 3, BudgetRate = 5 }));
        Assert.Equal(6, Seconds(Idle with { AnswerTime = TimeSpan.FromSeconds(0.1), MaxInFlight = 4 }));
        Assert.Equal(15, Seconds(Idle with { AnswerTime = TimeSpan.FromSeconds(2), MaxInFlight = 4 }));
        Assert.Equal(30, Seconds(Idle with { AnswerTime = TimeSpan.FromSeconds(2), MaxInFlight = 2 })); // two nodes

        long Seconds(PaceStatus status) => Estimate.Seconds(own, [], [], Estimate.Speed.Of(Limits, status), status.PausedFor);
    }

    [Fact]
    public void Syncs_of_other_nodes_share_the_rate_and_not_the_requests_in_flight()
    {
        var own = new Estimate.Part(7, 1, HasList: false, 30);
        Estimate.Part beside = new(8, 2, HasList: true, 10), before = new(6, 1, HasList: true, 40);
        var slow = Idle with { AnswerTime = TimeSpan.FromSeconds(2), MaxInFlight = 2 };
        Assert.Equal((8, 14), (Seconds(Idle, beside), Seconds(Idle, before)));
        Assert.Equal((30, 70), (Seconds(slow, beside), Seconds(slow, before))); // what goes before it on the list has to be answered, too

        long Seconds(PaceStatus status, Estimate.Part other) => Estimate.Seconds(own, [], [other], Estimate.Speed.Of(Limits, status), status.PausedFor);
    }

    [Fact]
    public void Other_syncs_take_turns_until_the_shorter_one_has_ended_and_those_of_the_list_go_before_or_after()
    {
        var own = new Estimate.Part(7, 1, HasList: false, 100);
        var speed = Estimate.Speed.Of(Limits, Idle);
        Assert.Equal(20, Seconds());
        Assert.Equal(24, Seconds(new Estimate.Part(8, 2, true, 20)));
        Assert.Equal(40, Seconds(new Estimate.Part(8, 2, true, 5000)));
        Assert.Equal(220, Seconds(new Estimate.Part(6, 1, true, 1000)));
        Assert.Equal(22, Seconds(new Estimate.Part(6, 1, false, 10)));
        Assert.Equal(20, Seconds(new Estimate.Part(8, 1, false, 1000)));
        Assert.Equal(50, Estimate.Seconds(own, [], [], speed, TimeSpan.FromSeconds(30)));
        Assert.Equal(0, Estimate.Seconds(own with { Requests = 0 }, [], [], speed, TimeSpan.FromSeconds(30)));

        long Seconds(params Estimate.Part[] others) => Estimate.Seconds(own, others, [], speed, TimeSpan.Zero);
    }

    [Fact]
    public void What_was_waited_for_most_in_the_last_seconds_is_what_limits()
    {
        var time = new FakeTimeProvider();
        var gauge = new WaitGauge(time);
        Assert.Null(gauge.Most);
        gauge.Begin(Wait.Source);
        Assert.Equal(Wait.Source, gauge.Most);
        time.Advance(TimeSpan.FromMinutes(1));
        gauge.End(Wait.Source);
        gauge.Begin(Wait.Store);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(Wait.Source, gauge.Most); // a second is not most of the last ones
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(Wait.Store, gauge.Most);
        for (var batch = 0; batch < 3; batch++)
            gauge.Begin(Wait.Iterable);
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(Wait.Iterable, gauge.Most);
    }
}
