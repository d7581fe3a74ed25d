using System.Text.Json;
using System.Text.Json.Serialization;
using FluentValidation;
using IterableAudience.Hosting;
using IterableAudience.Warehouses;

namespace IterableAudience.Sources;

/// <summary>What a source reads.</summary>
/// <param name="PrimaryKey">The column whose value names a row, stable between syncs.</param>
/// <param name="Schema">Table: its schema.</param>
/// <param name="Table">Table: its name, or a view's.</param>
/// <param name="Sql">Model: one statement that only reads.</param>
/// <param name="Description">For people.</param>
internal sealed record SourceConfig(
    string? PrimaryKey,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Schema = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Table = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Sql = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Description = null)
{
    /// <summary>Characters that a model's SQL may have.</summary>
    public const int LongestSql = 100_000;

    /// <summary>What to read of the warehouse.</summary>
    [JsonIgnore]
    public SourceQuery Query => Table is null ? new(null, null, Sql) : new(Schema, Table, null);

    public static SourceConfig Of(Source source) => JsonSerializer.Deserialize<SourceConfig>(source.ConfigJson, JsonSetup.Options)!;

    public string ToJson() => JsonSerializer.Serialize(this, JsonSetup.Options);

    /// <summary>Whether another config reads the same rows under the same names; if not, what was read before can't be compared.</summary>
    public bool ReadsAlike(SourceConfig other) => this with { Description = null } == other with { Description = null };

    /// <summary>Only what belongs to the type.</summary>
    public SourceConfig NormalizedFor(string? type)
        => type == SourceRequest.Model ? new(PrimaryKey, Sql: Sql, Description: Description) : new(PrimaryKey, Schema, Table, Description: Description);

    /// <summary>Faults under the member <c>config</c>.</summary>
    internal sealed class Rules : AbstractValidator<SourceConfig>
    {
        public Rules(string type)
        {
            RuleFor(c => c.PrimaryKey).Must(k => !string.IsNullOrEmpty(k)).WithMessage("is required: the column that names a row.").PrintableUpTo(300);
            RuleFor(c => c.Description).PrintableUpTo(1000);
            if (type == SourceRequest.Model)
            {
                RuleFor(c => c.Sql)
                    .Must(s => !string.IsNullOrWhiteSpace(s)).WithMessage("is required: one statement that selects rows.")
                    .Must(s => s is null || s.Length <= LongestSql).WithMessage($"must have at most {LongestSql} characters.")
                    .Must(s => s is null || !s.Contains('\0', StringComparison.Ordinal)).WithMessage("must not contain null characters.");
                RuleFor(c => c.Table).Null().WithMessage("goes with sourceType table only; leave it out.");
            }
            else
            {
                RuleFor(c => c.Schema).Must(s => !string.IsNullOrEmpty(s)).WithMessage("is required: the schema of the table.").PrintableUpTo(300);
                RuleFor(c => c.Table).Must(t => !string.IsNullOrEmpty(t)).WithMessage("is required: the name of the table.").PrintableUpTo(300);
                RuleFor(c => c.Sql).Null().WithMessage("goes with sourceType model only; leave it out.");
            }
        }
    }
}
