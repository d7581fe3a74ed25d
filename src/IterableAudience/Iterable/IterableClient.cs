namespace IterableAudience.Iterable;

public sealed class IterableClient
{
    public Task<IReadOnlyList<IterableList>> GetListsAsync(IterableProject project, CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task<IReadOnlyList<IterableList>> GetListsAsync(IterableProject project, bool refresh, CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task<long> CreateListAsync(IterableProject project, string name, string? description, CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task ProbeAsync(IterableProject project, long listId, CancellationToken cancellationToken) => throw new NotImplementedException();
}
