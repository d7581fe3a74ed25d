using System.Collections.Concurrent;
using Microsoft.Extensions.Options;

namespace IterableAudience.Iterable;

/// <summary>Where the budgets are, and who shares them.</summary>
/// <param name="BudgetOf">Makes the budget of a project, by its key's hash.</param>
/// <param name="LiveNodes">How many nodes use the budgets now, this one included: each takes its share of the requests in flight.</param>
internal sealed record BudgetSource(Func<string, IRateBudget> BudgetOf, Func<int> LiveNodes)
{
    /// <summary>Budgets of this process, shared with nobody.</summary>
    public static BudgetSource Process(TimeProvider time) => new(_ => new ProcessBudget(time), static () => 1);
}

/// <summary>How many nodes work on the store now, this one included.</summary>
internal sealed record LiveNodes(Func<int> Count);

/// <summary>The pacer of each Iterable project, by its key's hash: accounts with the same key share one.</summary>
internal sealed class ProjectPacers(IOptions<IterableOptions> options, TimeProvider time, BudgetSource source) : IDisposable
{
    private readonly ConcurrentDictionary<string, (ProjectPacer Pacer, DataCenter Center)> pacers = new(StringComparer.Ordinal);

    /// <summary>How each project stands that this node has sent to, by its key's hash; with the data center that the first request to it went to.</summary>
    public IEnumerable<(string ProjectKey, DataCenter DataCenter, PaceStatus Status)> All => pacers.Select(p => (p.Key, p.Value.Center, p.Value.Pacer.Status));

    public ProjectPacer For(IterableProject project)
        => pacers.GetOrAdd(project.ProjectKey, static (key, of) => (new ProjectPacer(of.time, of.source.BudgetOf(key), of.source.LiveNodes), of.project.DataCenter), (time, source, project)).Pacer;

    public PaceLimits LimitsOf(IterableProject project)
        => new(project.RequestsPerSecond ?? options.Value.RequestsPerSecond, project.MaxInFlight ?? options.Value.MaxInFlight);

    public void Dispose()
    {
        foreach (var (pacer, _) in pacers.Values)
        {
            pacer.Dispose();
        }
    }
}
