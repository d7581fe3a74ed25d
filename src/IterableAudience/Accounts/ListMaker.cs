using System.Collections.Concurrent;
using IterableAudience.Iterable;

namespace IterableAudience.Accounts;

/// <summary>Makes lists in Iterable, one at a time for each project: two requests can't make two lists of one name. Concurrency assumption: one node; two nodes could.</summary>
internal sealed class ListMaker(IterableClient client, TimeProvider time)
{
    /// <summary>So long may Iterable not know a list that it has just made.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromMinutes(1);
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _turns = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Project, long ListId), DateTimeOffset> _made = new();

    /// <summary>Makes a list, unless one of that name exists.</summary>
    /// <returns>The id of the list, and whether it was there already (then nothing was made).</returns>
    /// <exception cref="IterableFailureException">Iterable refused or didn't answer.</exception>
    public async Task<(long Id, bool Existed)> MakeAsync(IterableProject project, string name, string? description, CancellationToken cancellation)
    {
        var turn = _turns.GetOrAdd(project.ProjectKey, _ => new(1, 1));
        await turn.WaitAsync(cancellation);
        try
        {
            var lists = await client.GetListsAsync(project, refresh: true, cancellation);
            if (lists.FirstOrDefault(l => l.Name == name) is { } existing)
                return (existing.Id, true);
            var id = await client.CreateListAsync(project, name, description, cancellation);
            _made[(project.ProjectKey, id)] = time.GetUtcNow();
            return (id, false);
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>When this service made the list, if it did so a moment ago and Iterable may not know it yet; else null.</summary>
    public DateTimeOffset? JustMade(IterableProject project, long listId)
    {
        if (!_made.TryGetValue((project.ProjectKey, listId), out var at))
            return null;
        if (time.GetUtcNow() - at < Settling)
            return at;
        _made.TryRemove((project.ProjectKey, listId), out _);
        return null;
    }
}
