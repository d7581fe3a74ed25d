using IterableAudience.Simulator.Projects;

namespace IterableAudience.Simulator;

/// <summary>The settings section <c>Simulator</c>. Valid as it stands.</summary>
internal sealed class SimulatorOptions
{
    /// <summary>Where to listen. Port 0 takes a free one.</summary>
    public string Url { get; set; } = "http://127.0.0.1:0";

    /// <summary>The projects; when empty, the four of <see cref="ProjectOptions.Defaults"/>.</summary>
    public IList<ProjectOptions> Projects { get; set; } = [];

    /// <summary>The behaviour at the start and after a reset.</summary>
    public Behaviour Behaviour { get; set; } = new();

    /// <summary>Seed of random faults and jitter.</summary>
    public int Seed { get; set; } = 1;

    /// <summary>How many requests <c>/_sim/requests</c> remembers; 0 keeps only the counters.</summary>
    public int LoggedRequests { get; set; } = 10_000;

    /// <summary>Whether the log keeps the bodies of requests too.</summary>
    public bool LogBodies { get; set; }
}
