using System.Collections.Concurrent;
using Microsoft.Extensions.Options;

namespace IterableAudience.Iterable;

/// <summary>The lists of each project, kept for a moment: a form that shows them asks again with every key press.</summary>
internal sealed class ListsCache(IOptions<IterableOptions> options, TimeProvider time)
{
    private readonly ConcurrentDictionary<(string, DataCenter), (long At, IReadOnlyList<IterableList> Lists)> entries = new();

    public IReadOnlyList<IterableList>? Find(IterableProject project)
        => entries.TryGetValue(Key(project), out var entry) && time.GetElapsedTime(entry.At) < options.Value.ListsCacheTime ? entry.Lists : null;

    public void Keep(IterableProject project, IReadOnlyList<IterableList> lists) => entries[Key(project)] = (time.GetTimestamp(), lists);

    public void Forget(IterableProject project) => entries.TryRemove(Key(project), out _);

    private static (string, DataCenter) Key(IterableProject project) => (project.ProjectKey, project.DataCenter);
}
