using System.Text.Json.Serialization;
using FluentValidation;
using IterableAudience.Hosting;

namespace IterableAudience.Warehouses.Postgres;

/// <summary>The options of an account of type <c>SOURCE_POSTGRES</c>.</summary>
/// <param name="Host">Name or address of the server.</param>
/// <param name="Port">As a number or text; 5432 when absent.</param>
/// <param name="Dbname">The database.</param>
/// <param name="User">The user; one that may only read, and write to the schema of the sync logs, is best.</param>
/// <param name="SslMode">In libpq's words: <c>disable</c>, <c>allow</c>, <c>prefer</c>, <c>require</c>, <c>verify-ca</c> or <c>verify-full</c>; <c>prefer</c> when absent.</param>
internal sealed record PostgresOptions(
    string? Host,
    [property: JsonNumberHandling(JsonNumberHandling.AllowReadingFromString)] int? Port,
    string? Dbname,
    string? User,
    string? SslMode)
{
    private static readonly string[] SslModes = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

    public PostgresOptions Normalized() => this with { Port = Port ?? 5432, SslMode = SslMode ?? "prefer" };

    internal sealed class Rules : AbstractValidator<PostgresOptions>
    {
        public Rules()
        {
            RuleFor(o => o.Host).Name().Must(IsHost).WithMessage("must be one name or address of a server, without a port and without a path.");
            RuleFor(o => o.Port).Must(p => p is null or (>= 1 and <= 65535)).WithMessage("must be from 1 to 65535.");
            RuleFor(o => o.Dbname).Name();
            RuleFor(o => o.User).Name();
            RuleFor(o => o.SslMode).Must(m => m is null || SslModes.Contains(m)).WithMessage($"must be one of {string.Join(", ", SslModes)}.");
        }

        /// <summary>The driver would take a list of hosts, a host with its port, and the folder of a socket.</summary>
        private static bool IsHost(string? host) => host is null || Uri.CheckHostName(host.Trim('[', ']')) != UriHostNameType.Unknown;
    }
}

/// <param name="Password">The user's password; may be empty.</param>
internal sealed record PostgresSecret(string? Password)
{
    public override string ToString() => "PostgresSecret";

    internal sealed class Rules : AbstractValidator<PostgresSecret>
    {
        public Rules() => RuleFor(s => s.Password).NotNull().WithMessage("is required; it may be empty.").PrintableUpTo(1000);
    }
}
