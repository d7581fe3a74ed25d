using System.Collections.Concurrent;
using Microsoft.Extensions.Options;

namespace IterableAudience.Iterable;

/// <summary>The pacer of each Iterable project, by its key's hash: accounts with the same key share one.</summary>
internal sealed class ProjectPacers(IOptions<IterableOptions> options, TimeProvider time) : IDisposable
{
    private readonly ConcurrentDictionary<string, ProjectPacer> pacers = new(StringComparer.Ordinal);

    public ProjectPacer For(IterableProject project) => pacers.GetOrAdd(project.ProjectKey, _ => new ProjectPacer(time));

    public PaceLimits LimitsOf(IterableProject project)
        => new(project.RequestsPerSecond ?? options.Value.RequestsPerSecond, project.MaxInFlight ?? options.Value.MaxInFlight);

    public void Dispose()
    {
        foreach (var pacer in pacers.Values)
        {
            pacer.Dispose();
        }
    }
}
