namespace IterableAudience.Warehouses;

/// <summary>All kinds of warehouse that are registered.</summary>
internal sealed class WarehouseKinds(IEnumerable<IWarehouse> all)
{
    public IReadOnlyList<IWarehouse> All { get; } = [.. all];

    /// <summary>By the name that a source gives it.</summary>
    public IWarehouse? Named(string? name) => All.FirstOrDefault(w => w.Name == name);

    /// <summary>By the definition of an account.</summary>
    public IWarehouse? OfAccount(string? definition) => All.FirstOrDefault(w => w.AccountDefinition == definition);
}
