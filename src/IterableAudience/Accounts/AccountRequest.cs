using FluentValidation;
using IterableAudience.Hosting;

namespace IterableAudience.Accounts;

/// <param name="Name">Unique among accounts.</param>
/// <param name="AccountDefinitionName"><c>DESTINATION_ITERABLE_AUDIENCE_API_KEY</c>, <c>SOURCE_POSTGRES</c> or <c>SOURCE_DUCKDB</c>. A PUT may leave it out and can't change it.</param>
/// <param name="Options">Depends on the definition.</param>
/// <param name="Secret">Depends on the definition; never returned.</param>
internal sealed record AccountRequest(string? Name, string? AccountDefinitionName, AccountOptions? Options, AccountSecret? Secret)
{
    /// <summary>The kind of account; the name must be valid.</summary>
    internal AccountDefinition Definition => AccountDefinition.Find(AccountDefinitionName)!;

    /// <summary>Absent options have every fault of empty ones.</summary>
    internal AccountOptions GivenOptions => Options ?? new();

    internal sealed class Validator : AbstractValidator<AccountRequest>
    {
        public Validator()
        {
            RuleFor(r => r.Name).Name();
            RuleFor(r => r.AccountDefinitionName)
                .Must(n => AccountDefinition.Find(n) is not null)
                .WithMessage($"must be one of {string.Join(", ", AccountDefinition.All.Select(d => d.Name))}.");
            RuleFor(r => r.GivenOptions).SetValidator(new IterableOptionsRules()).OverridePropertyName("Options").When(Is(AccountDefinition.Iterable));
            RuleFor(r => r.GivenOptions).SetValidator(new PostgresOptionsRules()).OverridePropertyName("Options").When(Is(AccountDefinition.Postgres));
            RuleFor(r => r.GivenOptions).SetValidator(new DuckDbOptionsRules()).OverridePropertyName("Options").When(Is(AccountDefinition.DuckDb));
            RuleFor(r => r.Secret == null ? null : r.Secret.ApiKey)
                .Must(k => !string.IsNullOrEmpty(k)).OverridePropertyName("Secret.ApiKey").WithMessage("is required: a server-side API key of the project.")
                .Must(k => k is null || k.Length <= 200).WithMessage("must have at most 200 characters.")
                .Must(k => k is null || k.All(c => c is > ' ' and <= '~')).WithMessage("must be printable ASCII without blanks; check what was pasted.")
                .When(Is(AccountDefinition.Iterable));
            RuleFor(r => r.Secret == null ? null : r.Secret.Password)
                .NotNull().OverridePropertyName("Secret.Password").WithMessage("is required; it may be empty.").PrintableUpTo(1000)
                .When(Is(AccountDefinition.Postgres));
        }

        private static Func<AccountRequest, bool> Is(AccountDefinition definition) => r => r.AccountDefinitionName == definition.Name;
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

    private sealed class PostgresOptionsRules : AbstractValidator<AccountOptions>
    {
        private static readonly string[] SslModes = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

        public PostgresOptionsRules()
        {
            RuleFor(o => o.Host).Name();
            RuleFor(o => o.Port).Must(p => p is null or (>= 1 and <= 65535)).WithMessage("must be from 1 to 65535.");
            RuleFor(o => o.Dbname).Name();
            RuleFor(o => o.User).Name();
            RuleFor(o => o.SslMode).Must(m => m is null || SslModes.Contains(m)).WithMessage($"must be one of {string.Join(", ", SslModes)}.");
        }
    }

    private sealed class DuckDbOptionsRules : AbstractValidator<AccountOptions>
    {
        public DuckDbOptionsRules()
            => RuleFor(o => o.Path).PrintableUpTo(1000)
                .Must(p => !string.IsNullOrWhiteSpace(p)).WithMessage("is required.")
                .Must(p => p is null || (!Path.IsPathRooted(p) && !p.Split('/', '\\').Contains("..")))
                .WithMessage("must be a path below the folder named by Sources__DuckDb__Root, without a leading slash and without '..'.");
    }
}
