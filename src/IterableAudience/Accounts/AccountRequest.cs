using System.Text.Json;
using System.Text.Json.Nodes;
using FluentValidation;
using IterableAudience.Hosting;
using IterableAudience.Warehouses;

namespace IterableAudience.Accounts;

/// <param name="Name">Unique among accounts.</param>
/// <param name="AccountDefinitionName"><c>DESTINATION_ITERABLE_AUDIENCE_API_KEY</c>, <c>SOURCE_POSTGRES</c> or <c>SOURCE_DUCKDB</c>. A PUT may leave it out and can't change it.</param>
/// <param name="Options">Depends on the definition.</param>
/// <param name="Secret">Depends on the definition; never returned.</param>
internal sealed record AccountRequest(string? Name, string? AccountDefinitionName, AccountOptions? Options, AccountSecret? Secret)
{
    /// <summary>Absent options have every fault of empty ones.</summary>
    internal AccountOptions GivenOptions => Options ?? new();

    /// <summary>What a kind of warehouse says of the options and the secret.</summary>
    internal LoginCheck CheckedBy(IWarehouse warehouse) => warehouse.Check(ToJson(Options?.More), ToJson(Secret?.More));

    private static JsonObject ToJson(Dictionary<string, JsonElement>? members)
        => new((members ?? []).Select(m => KeyValuePair.Create(m.Key, m.Value.ValueKind == JsonValueKind.Null ? null : (JsonNode?)JsonNode.Parse(m.Value.GetRawText()))));

    internal sealed class Validator : AbstractValidator<AccountRequest>
    {
        public Validator(AccountDefinitions definitions, WarehouseKinds warehouses)
        {
            RuleFor(r => r.Name).Name();
            RuleFor(r => r.AccountDefinitionName)
                .Must(n => definitions.Find(n) is not null)
                .WithMessage($"must be one of {string.Join(", ", definitions.All.Select(d => d.Name))}.");
            When(r => r.AccountDefinitionName == AccountDefinition.Iterable.Name, () =>
            {
                RuleFor(r => r.GivenOptions).SetValidator(new IterableOptionsRules()).OverridePropertyName("Options");
                RuleFor(r => r.Secret == null ? null : r.Secret.ApiKey)
                    .Must(k => !string.IsNullOrEmpty(k)).OverridePropertyName("Secret.ApiKey").WithMessage("is required: a server-side API key of the project.")
                    .Must(k => k is null || k.Length <= 200).WithMessage("must have at most 200 characters.")
                    .Must(k => k is null || k.All(c => c is > ' ' and <= '~')).WithMessage("must be printable ASCII without blanks; check what was pasted.");
            });
            RuleFor(r => r).Custom((request, context) =>
            {
                if (warehouses.OfAccount(request.AccountDefinitionName) is { } warehouse)
                {
                    foreach (var (member, message) in request.CheckedBy(warehouse).Faults)
                        context.AddFailure(member, message);
                }
            });
        }
    }

    private sealed class IterableOptionsRules : AbstractValidator<AccountOptions>
    {
        public IterableOptionsRules()
        {
            RuleFor(o => o.DataCenter).Must(d => AccountOptions.TryDataCenter(d, out _)).WithMessage("must be US or EU.");
            RuleFor(o => o.ProjectType).Must(t => AccountOptions.TryProjectType(t, out _)).WithMessage("must be email-based, userId-based or hybrid.");
            RuleFor(o => o.RequestsPerSecond).Must(r => r is null or (> 0 and <= 1000)).WithMessage("must be above 0 and at most 1000.");
            RuleFor(o => o.MaxInFlight).Must(m => m is null or (>= 1 and <= 100)).WithMessage("must be from 1 to 100.");
        }
    }
}
