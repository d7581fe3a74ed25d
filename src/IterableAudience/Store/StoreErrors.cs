using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace IterableAudience.Store;

internal static class StoreErrors
{
    /// <summary>Whether a save failed because another request has just stored the same unique value.</summary>
    public static bool IsUniqueViolation(this DbUpdateException exception) => exception.InnerException is DbException inner && inner.IsDuplicate();

    /// <summary>Whether a row was inserted that is there already.</summary>
    public static bool IsDuplicate(this DbException exception) => exception switch
    {
        // SQLITE_CONSTRAINT_UNIQUE and SQLITE_CONSTRAINT_PRIMARYKEY
        SqliteException { SqliteExtendedErrorCode: 2067 or 1555 } => true,
        { SqlState: "23505" } => true,
        _ => false,
    };

    /// <summary>
    /// Whether the statement is to blame and not the store: it violates a constraint, or the store doesn't understand it (SQLite: SQLITE_ERROR and
    /// SQLITE_CONSTRAINT, the transaction is whole then; PostgreSQL: classes 22 data, 23 constraint, 42 syntax and names).
    /// </summary>
    public static bool IsOfTheStatement(this DbException exception) => exception switch
    {
        SqliteException sqlite => sqlite.SqliteErrorCode is 1 or 19,
        { SqlState: [_, _, ..] state } => state[..2] is "22" or "23" or "42",
        _ => false,
    };

    /// <summary>What the store's error means for an operator.</summary>
    public static string Explain(DbException exception) => exception switch
    {
        StoreForgotException => exception.Message,
        SqliteException sqlite => Explain(sqlite.SqliteErrorCode),
        { SqlState: "28P01" or "28000" } => "PostgreSQL refuses the user or the password. Check ConnectionStrings__Store.",
        { SqlState: "3D000" } => "PostgreSQL has no database of that name. Make it, or check ConnectionStrings__Store.",
        { SqlState: "42501" } => "the user may not do that in PostgreSQL. It needs to own the schema, or to be granted its tables.",
        { SqlState: "53100" } => "PostgreSQL's disk is full. Make room; nothing is lost.",
        { SqlState: "53300" } => "PostgreSQL has no connection left. Allow more (max_connections), or lower Maximum Pool Size in ConnectionStrings__Store.",
        { SqlState: "57P01" or "57P02" or "57P03" } => "PostgreSQL is shutting down or starting.",
        { SqlState: { Length: 5 } state } => $"PostgreSQL answers with error {state}.",
        _ => "PostgreSQL can't be reached. Check that it runs, and Host and Port in ConnectionStrings__Store.",
    };

    /// <summary>What SQLite's error means for an operator. See https://www.sqlite.org/rescode.html.</summary>
    public static string Explain(int code) => code switch
    {
        5 or 6 => "another process has locked it. Stop that process and start again.",
        8 => "it is read-only for the service's user.",
        10 => "reading or writing the disk failed.",
        11 or 26 => "the file is corrupt or no SQLite database. Restore it from a backup, or move it away to begin with an empty store.",
        13 => "the disk is full. Make room and start again; nothing is lost.",
        14 => "the file can't be opened. Check ConnectionStrings__Store and the rights of the service's user.",
        _ => $"SQLite answers with error {code}.",
    };
}
