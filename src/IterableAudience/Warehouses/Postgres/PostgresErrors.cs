using System.Net.Sockets;
using Npgsql;

namespace IterableAudience.Warehouses.Postgres;

/// <summary>The server's errors in one sentence. Its own text is passed on only where it names things, never where it may name a value.</summary>
internal static class PostgresErrors
{
    public static WarehouseException? Explain(Exception e) => e switch
    {
        PostgresException answer => Explain(answer),
        NotSupportedException => new(WarehouseException.InvalidQuery, "The model must be one statement; take out what is behind the first semicolon.", e),
        NpgsqlException { InnerException: PostgresException inner } => Explain(inner),
        NpgsqlException { InnerException: System.Security.Authentication.AuthenticationException } => new(
            WarehouseException.AccessDenied, "The encrypted connection to the PostgreSQL server could not be made; check sslMode and the server's certificate.", e),
        NpgsqlException or SocketException or IOException or TimeoutException => new(
            WarehouseException.Unreachable, "The PostgreSQL server can't be reached, or broke off the connection; check host, port and network.", e),
        _ => null,
    };

    private static WarehouseException Explain(PostgresException e) => e.SqlState switch
    {
        "28P01" or "28000" => new(WarehouseException.AccessDenied, "The PostgreSQL server refuses the user or the password; check both, and what the server lets in.", e),
        "3D000" => new(WarehouseException.NotFound, "The PostgreSQL server has no such database; check dbname.", e),
        "42501" => new(WarehouseException.AccessDenied, $"The warehouse's user lacks a right: {Told(e)}.", e),
        "42P01" or "3F000" => new(WarehouseException.NotFound, $"The warehouse hasn't what the source names: {Told(e)}.", e),
        "42703" => new(WarehouseException.NotFound, $"The warehouse hasn't a column that the source names: {Told(e)}.", e),
        "25006" => new(WarehouseException.InvalidQuery, $"A model may only read: {Told(e)}.", e),
        "57014" => new(WarehouseException.Timeout, "The PostgreSQL server ended a statement that took too long; make the source smaller or faster, or raise Sources__StatementTimeout.", e),
        "55P03" => new(WarehouseException.Busy, "Somebody else's transaction in the PostgreSQL server holds it.", e),
        _ when e.SqlState.StartsWith("42", StringComparison.Ordinal) => new(WarehouseException.InvalidQuery, $"The warehouse doesn't understand the source: {Told(e)}.", e),
        _ when e.SqlState.StartsWith("22", StringComparison.Ordinal) => new(
            WarehouseException.InvalidQuery, $"A value of the source can't be converted as its SQL says (PostgreSQL's error {e.SqlState}); look at the model.", e),
        _ when e.SqlState.StartsWith("08", StringComparison.Ordinal) || e.SqlState.StartsWith("57P", StringComparison.Ordinal) => new(
            WarehouseException.Unreachable, $"The PostgreSQL server is going down, or broke off the connection (its error {e.SqlState}).", e),
        _ when e.SqlState.StartsWith("53", StringComparison.Ordinal) => new(
            WarehouseException.Failed, $"The PostgreSQL server is out of resources (its error {e.SqlState}): disk, memory or connections.", e),
        _ => new(WarehouseException.Failed, $"The PostgreSQL server ended the statement with its error {e.SqlState}.", e),
    };

    private static string Told(PostgresException e) => e.MessageText.TrimEnd('.');
}
