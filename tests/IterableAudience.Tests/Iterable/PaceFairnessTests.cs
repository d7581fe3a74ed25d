using IterableAudience.Iterable;
using Xunit;

namespace IterableAudience.Tests.Iterable;

/// <summary>The syncs of one project share its budget and its requests in flight, whatever their sizes.</summary>
public sealed class PaceFairnessTests
{
    private static readonly PaceLimits Limits = new(5, 4);

    [Fact]
    public void A_sync_of_one_batch_beside_a_huge_one_starts_within_two_turns()
    {
        using var simulation = new PaceSimulation();
        Ask(simulation, "huge", 6);
        simulation.Run(10.05, Limits);
        var before = simulation.Starts.Count;
        Ask(simulation, "small", 1);
        simulation.Run(2, Limits, askAgain: false);
        Assert.Contains("small", simulation.Starts.Skip(before).Take(2).Select(s => s.Queue));
    }

    [Fact]
    public void With_slow_answers_the_requests_in_flight_are_shared_too()
    {
        using var simulation = new PaceSimulation { Latency = 10 };
        Ask(simulation, "huge", 500);
        simulation.Run(9, Limits);
        Assert.Equal(4, simulation.Starts.Count); // all that may be on the wire
        Ask(simulation, "small", 1);
        simulation.Run(3, Limits);
        Assert.Contains("small", simulation.Starts.Skip(4).Take(2).Select(s => s.Queue));
    }

    [Fact]
    public void Control_calls_and_every_sync_get_their_turn()
    {
        using var simulation = new PaceSimulation { Latency = 0.01 };
        Ask(simulation, "huge", 100);
        Ask(simulation, "large", 10);
        Ask(simulation, "control", 2);
        simulation.Run(2.5, Limits, askAgain: false);
        Assert.Equal(
            ["huge", "huge", "large", "control", "huge", "large", "control", "huge", "large", "huge", "large"],
            simulation.Starts.Take(11).Select(s => s.Queue)); // the first came before the others
    }

    [Fact]
    public void Who_has_given_up_takes_no_turn()
    {
        using var simulation = new PaceSimulation { Latency = 0.01 };
        using var stop = new CancellationTokenSource();
        Ask(simulation, "one", 2);
        var leaver = simulation.Pacer.EnterAsync(Limits, "leaver", TimeSpan.FromHours(1), stop.Token);
        Ask(simulation, "two", 1);
        Assert.Equal(3, simulation.Pacer.Status.Waiting);
        stop.Cancel();
        Assert.Equal(2, simulation.Pacer.Status.Waiting);
        simulation.Run(0.45, Limits, askAgain: false);
        Assert.True(leaver.IsCanceled);
        Assert.Equal(["one", "one", "two"], simulation.Starts.Select(s => s.Queue));
    }

    private static void Ask(PaceSimulation simulation, string queue, int requests)
    {
        for (var request = 0; request < requests; request++)
        {
            simulation.Ask(queue, Limits);
        }
    }
}
