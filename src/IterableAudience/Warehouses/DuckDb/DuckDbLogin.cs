using FluentValidation;
using IterableAudience.Hosting;

namespace IterableAudience.Warehouses.DuckDb;

/// <summary>The options of an account of type <c>SOURCE_DUCKDB</c>.</summary>
/// <param name="Path">The file, below the folder that <c>Sources__DuckDb__Root</c> names.</param>
internal sealed record DuckDbLogin(string? Path)
{
    internal sealed class Rules : AbstractValidator<DuckDbLogin>
    {
        public Rules()
            => RuleFor(o => o.Path).PrintableUpTo(1000)
                .Must(p => !string.IsNullOrWhiteSpace(p)).WithMessage("is required.")
                .Must(p => p is null || (!System.IO.Path.IsPathRooted(p) && !p.Split('/', '\\').Contains("..")))
                .WithMessage("must be a path below the folder named by Sources__DuckDb__Root, without a leading slash and without '..'.");
    }
}

/// <summary>A file has no password.</summary>
internal sealed record NoSecret
{
    internal sealed class Rules : AbstractValidator<NoSecret>;
}
