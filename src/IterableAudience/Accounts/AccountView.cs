namespace IterableAudience.Accounts;

/// <summary>An account as the API shows it: never with its secret.</summary>
internal sealed record AccountView(
    string Id,
    string Name,
    AccountDefinition Definition,
    System.Text.Json.JsonElement Options,
    IReadOnlyList<string> Warnings,
    string? ExternalId,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt)
{
    public static AccountView Of(Account account, AccountDefinitions definitions) => new(
        account.Id,
        account.Name,
        definitions.Find(account.DefinitionName) ?? new(account.DefinitionName, "unknown", "source"),
        System.Text.Json.JsonElement.Parse(account.OptionsJson),
        AccountOptions.Of(account).Warnings(),
        account.ExternalId,
        account.CreatedAt,
        account.UpdatedAt);
}
