using System.Text.Json.Serialization;
using FluentValidation;
using IterableAudience.Records;
using IterableAudience.Warehouses;

namespace IterableAudience.Sources;

/// <summary>A look at some rows of a table or a model, whether there is a source of it or not.</summary>
/// <param name="AccountId">The warehouse.</param>
/// <param name="Sql">A model: one statement that only reads.</param>
/// <param name="Schema">A table: its schema.</param>
/// <param name="Table">A table: its name.</param>
/// <param name="Limit">How many rows, 1 to 100; 50 when absent.</param>
/// <param name="PrimaryKey">Says of each row whether its key is good.</param>
/// <param name="Identifiers">Says of each row what validation would say of it.</param>
internal sealed record PreviewRequest(
    string? AccountId, string? Sql, string? Schema, string? Table, int? Limit, string? PrimaryKey, PreviewIdentifier[]? Identifiers)
{
    [JsonIgnore]
    public SourceQuery Query => Sql is not null ? new(null, null, Sql) : new(Schema, Table, null);

    /// <summary>The project type that takes just these identifiers.</summary>
    [JsonIgnore]
    public ProjectType ProjectType => (Column("email"), Column("userId")) switch
    {
        (not null, null) => ProjectType.EmailBased,
        (null, not null) => ProjectType.UserIdBased,
        _ => ProjectType.Hybrid,
    };

    public string? Column(string identifier) => Identifiers?.FirstOrDefault(i => i.To == identifier)?.From;

    internal sealed class Validator : AbstractValidator<PreviewRequest>
    {
        public Validator()
        {
            RuleFor(r => r.AccountId).NotEmpty().WithMessage("is required: the id of a warehouse account.");
            RuleFor(r => r.Limit).InclusiveBetween(1, 100).WithMessage("must be from 1 to 100.");
            RuleFor(r => r.Sql)
                .Must((r, s) => s is not null != r.Table is not null).WithMessage("must be there, or schema and table; one of the two.")
                .Must(s => s is null || s.Length <= SourceConfig.LongestSql).WithMessage($"must have at most {SourceConfig.LongestSql} characters.")
                .Must(s => s is null || !s.Contains('\0', StringComparison.Ordinal)).WithMessage("must not contain null characters.");
            RuleFor(r => r.Schema).NotEmpty().WithMessage("is required with a table.").When(r => r.Table is not null);
            RuleForEach(r => r.Identifiers)
                .Must(i => i is { From.Length: > 0, To: "email" or "userId" }).WithMessage("must be an object with from (a column) and to (email or userId).");
        }
    }
}

/// <param name="From">The column.</param>
/// <param name="To"><c>email</c> or <c>userId</c>.</param>
internal sealed record PreviewIdentifier(string? From, string? To);

/// <summary>What a preview shows.</summary>
/// <param name="Status"><c>completed</c> or <c>failed</c>.</param>
/// <param name="Columns">With their types in the warehouse's words.</param>
/// <param name="Rows">Column → value as text, or null.</param>
/// <param name="Validation">What validation would say of each row; only where the preview names identifiers or a primary key.</param>
/// <param name="Error">Why it failed; empty otherwise.</param>
public sealed record PreviewView(
    string Status,
    IReadOnlyList<WarehouseColumn> Columns,
    IReadOnlyList<IReadOnlyDictionary<string, string?>> Rows,
    IReadOnlyList<RowVerdict> Validation,
    string Error);

/// <param name="Valid">Whether the row would be sent.</param>
/// <param name="Reason">Why not.</param>
/// <param name="Identifiers">What would be sent.</param>
/// <param name="Faults">Identifier → what is wrong with it.</param>
public sealed record RowVerdict(bool Valid, string? Reason, IReadOnlyDictionary<string, string> Identifiers, IReadOnlyDictionary<string, string> Faults);
