using CsCheck;
using IterableAudience.Iterable;
using Xunit;

namespace IterableAudience.Tests.Iterable;

/// <summary>How a project's rate finds what Iterable really allows, on a simulated clock and limiter.</summary>
public sealed class AdaptiveRateTests
{
    private const double Long = 300;

    /// <summary>Budget, what Iterable allows, the limiter's shape, whether it says <c>Retry-After</c>.</summary>
    public static TheoryData<double, double, string, bool> Projects { get; } = [.. from project in new (double, double)[] { (25, 10), (25, 18), (25, 24), (25, 2), (5, 2), (5, 4) }
        from shape in new[] { "window of 1 s", "window of 10 s", "bucket of 1", "bucket of 10" }
        from saysWhen in new[] { false, true }
        select new TheoryDataRow<double, double, string, bool>(project.Item1, project.Item2, shape, saysWhen)];

    [Theory]
    [MemberData(nameof(Projects))]
    public void Where_less_is_allowed_than_budgeted_few_requests_are_throttled_and_what_is_allowed_is_used(double budget, double allowed, string shape, bool saysWhen)
    {
        using var simulation = new PaceSimulation { Limiter = Make(shape, allowed, saysWhen) };
        var limits = new PaceLimits(budget, 4);
        for (var caller = 0; caller < 6; caller++)
        {
            simulation.Ask("sync", limits);
        }

        simulation.Run(Long, limits);
        var (throttled, served) = (simulation.Throttled(10, Long), simulation.Served(10, Long));
        TestContext.Current.SendDiagnosticMessage("{0}/{1} {2} {3}: {4:P1} throttled, {5:P0} used", budget, allowed, shape, saysWhen, throttled, served / allowed);
        Assert.True(throttled < 0.15, $"{throttled:P1} throttled");
        Assert.True(served >= 0.85 * allowed, $"{served:0.00} of {allowed} requests/s used");
        Assert.Null(PaceSimulation.Excess([.. simulation.Starts.Select(s => s.At)], budget));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(25)]
    public void With_answers_after_100_ms_at_least_95_percent_of_the_budget_are_used(double budget)
    {
        using var simulation = new PaceSimulation();
        var limits = new PaceLimits(budget, 4);
        for (var caller = 0; caller < 6; caller++)
        {
            simulation.Ask("sync", limits);
        }

        simulation.Run(60, limits);
        Assert.InRange(simulation.Served(0, 60), 0.95 * budget, budget + (1 / 60d) + 1e-9);
    }

    [Fact]
    public void Whatever_comes_no_window_has_more_starts_than_the_budget()
    {
        var refusals = Gen.Select(Gen.Int[0, 9], Gen.Int[0, 3]).Select(g => g.Item1 > 2 ? null : new Refusal(g.Item2 == 0 ? null : TimeSpan.FromSeconds(g.Item2 - 1)));
        var asks = Gen.Select(Gen.Double[0, 1.5], Gen.Int[1, 12], Gen.Int[0, 3]).List[1, 12];
        Gen.Select(Gen.Double[0.5, 25], Gen.Int[1, 6], asks, refusals.List[1, 30], Gen.Double[0.01, 2], Gen.Double[0, 0.99]).Sample((rate, inFlight, arrivals, answers, latency, jitter) =>
        {
            var next = 0;
            using var simulation = new PaceSimulation { Limiter = _ => answers[next++ % answers.Count], Latency = latency, Jitter = jitter };
            var limits = new PaceLimits(rate, inFlight);
            foreach (var (after, requests, connection) in arrivals)
            {
                simulation.Run(after, limits, askAgain: false);
                for (var request = 0; request < requests; request++)
                {
                    simulation.Ask($"connection {connection}", limits);
                }
            }

            simulation.Run(5, limits, askAgain: false);
            Assert.Null(PaceSimulation.Excess([.. simulation.Starts.Select(s => s.At)], rate));
        }, iter: 60);
    }

    [Fact]
    public void A_429_lowers_the_rate_and_quiet_time_brings_it_back_to_the_budget_and_no_further()
    {
        var refuse = true;
        using var simulation = new PaceSimulation { Limiter = _ => refuse ? new Refusal(TimeSpan.FromSeconds(2)) : null };
        var limits = new PaceLimits(20, 4);
        simulation.Ask("sync", limits);
        simulation.Run(0.2, limits);
        refuse = false;
        Assert.Equal(17, simulation.Pacer.Status.EffectiveRate, 3);
        Assert.InRange(simulation.Pacer.Status.PausedFor.TotalSeconds, 1.5, 2);

        simulation.Run(7, limits); // 5 s of quiet: 17 · e^0.05
        Assert.InRange(simulation.Pacer.Status.EffectiveRate, 17.5, 18.2);
        simulation.Run(15, limits);
        Assert.Equal(20, simulation.Pacer.Status.EffectiveRate, 3);
    }

    [Fact]
    public void A_second_429_soon_after_the_first_lowers_the_rate_further_and_a_storm_leaves_a_fiftieth()
    {
        using var simulation = new PaceSimulation { Limiter = _ => new Refusal(TimeSpan.FromSeconds(1)) };
        var limits = new PaceLimits(20, 4);
        simulation.Ask("sync", limits);
        simulation.Run(2, limits);
        Assert.Equal(2, simulation.Starts.Count);
        Assert.InRange(simulation.Pacer.Status.EffectiveRate, 20 * 0.85 * 0.7, 20 * 0.85 * 0.7 * 1.02);
        simulation.Run(60, limits);
        Assert.InRange(simulation.Pacer.Status.EffectiveRate, 0.4, 0.5);
    }

    [Fact]
    public void After_a_429_requests_go_one_by_one_until_one_gets_another_answer()
    {
        var refusals = 1;
        using var simulation = new PaceSimulation { Limiter = _ => refusals-- > 0 ? new Refusal(TimeSpan.FromSeconds(3)) : null, Latency = 2 };
        var limits = new PaceLimits(20, 4);
        simulation.Ask("sync", limits);
        simulation.Run(2.5, limits, askAgain: false);
        for (var request = 0; request < 3; request++)
        {
            simulation.Ask("sync", limits);
        }

        simulation.Run(4, limits, askAgain: false);
        Assert.Equal((2, 1), (simulation.Starts.Count, simulation.Pacer.Status.InFlight)); // the pause is over since 5 s, and one is on the wire
        simulation.Run(1, limits, askAgain: false);
        Assert.Equal(4, simulation.Starts.Count);
    }

    private static Limiter Make(string shape, double allowed, bool saysWhen) => shape switch
    {
        "window of 1 s" => Limiters.Window(allowed, 1, saysWhen),
        "window of 10 s" => Limiters.Window(allowed, 10, saysWhen),
        "bucket of 1" => Limiters.Bucket(allowed, 1, saysWhen),
        _ => Limiters.Bucket(allowed, 10, saysWhen),
    };
}
