using FluentValidation;
using IterableAudience.Hosting;
using IterableAudience.Warehouses;

namespace IterableAudience.Sources;

/// <summary>A new source; as a PUT, what is absent stays as it is.</summary>
/// <param name="Name">For people.</param>
/// <param name="SourceType"><c>table</c> or <c>model</c>; can't be changed.</param>
/// <param name="SourceDefinitionName">The kind of warehouse: <c>postgres</c> or <c>duckdb</c>; can't be changed.</param>
/// <param name="AccountId">The warehouse: an account of that kind.</param>
/// <param name="Enabled">A disabled source is not read, and its connections run no sync, pushed ones included. True when absent.</param>
/// <param name="Config">Table: primaryKey, schema and table. Model: primaryKey and sql.</param>
internal sealed record SourceRequest(string? Name, string? SourceType, string? SourceDefinitionName, string? AccountId, bool? Enabled, SourceConfig? Config)
{
    public const string Table = "table";
    public const string Model = "model";

    internal sealed class Validator : AbstractValidator<SourceRequest>
    {
        public Validator(WarehouseKinds kinds)
        {
            RuleFor(r => r.Name).Name();
            RuleFor(r => r.SourceType).Must(t => t is Table or Model).WithMessage("must be table or model.");
            RuleFor(r => r.SourceDefinitionName)
                .Must(n => kinds.Named(n) is not null).WithMessage($"must be one of {string.Join(", ", kinds.All.Select(w => w.Name))}.");
            RuleFor(r => r.AccountId).NotEmpty().WithMessage("is required: the id of a warehouse account.");
            RuleFor(r => r.Config).NotNull().WithMessage("is required, with primaryKey and what to read.");
            RuleFor(r => r.Config!).SetValidator(new SourceConfig.Rules(Table)).When(r => r is { Config: not null, SourceType: Table });
            RuleFor(r => r.Config!).SetValidator(new SourceConfig.Rules(Model)).When(r => r is { Config: not null, SourceType: Model });
        }
    }
}

/// <summary>A source as the API shows it.</summary>
internal sealed record SourceView(
    string Id,
    string Name,
    string SourceType,
    string SourceDefinitionName,
    string AccountId,
    bool Enabled,
    SourceConfig Config,
    string? ExternalId,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt)
{
    public static SourceView Of(Source s)
        => new(s.Id, s.Name, s.SourceType, s.DefinitionName, s.AccountId, s.Enabled, SourceConfig.Of(s), s.ExternalId, s.CreatedAt, s.UpdatedAt);
}
