using IterableAudience.Warehouses;

namespace IterableAudience.Accounts;

/// <summary>A kind of account, by RudderStack's name for it.</summary>
/// <param name="Name">As in <c>accountDefinitionName</c>.</param>
/// <param name="Type">What it connects to.</param>
/// <param name="Category"><c>destination</c> or <c>source</c>.</param>
internal sealed record AccountDefinition(string Name, string Type, string Category)
{
    public static readonly AccountDefinition Iterable = new("DESTINATION_ITERABLE_AUDIENCE_API_KEY", "iterable_audience", "destination");

    /// <summary>That of a kind of warehouse.</summary>
    public static AccountDefinition Of(IWarehouse warehouse) => new(warehouse.AccountDefinition, warehouse.Name, "source");
}

/// <summary>Iterable's definition, and one for each kind of warehouse.</summary>
internal sealed class AccountDefinitions(WarehouseKinds warehouses)
{
    public IReadOnlyList<AccountDefinition> All { get; } = [AccountDefinition.Iterable, .. warehouses.All.Select(AccountDefinition.Of)];

    public AccountDefinition? Find(string? name) => All.FirstOrDefault(d => d.Name == name);
}
