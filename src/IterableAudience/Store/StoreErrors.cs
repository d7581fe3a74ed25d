using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace IterableAudience.Store;

internal static class StoreErrors
{
    /// <summary>Whether a save failed because another request has just stored the same unique value.</summary>
    public static bool IsUniqueViolation(this DbUpdateException exception) => exception.InnerException switch
    {
        // SQLITE_CONSTRAINT_UNIQUE and SQLITE_CONSTRAINT_PRIMARYKEY
        SqliteException { SqliteExtendedErrorCode: 2067 or 1555 } => true,
        DbException { SqlState: "23505" } => true,
        _ => false,
    };

    /// <summary>
    /// Whether the statement is to blame and not the store: it violates a constraint, or SQLite doesn't understand it (SQLITE_ERROR, SQLITE_CONSTRAINT).
    /// The transaction is whole then.
    /// </summary>
    public static bool IsOfTheStatement(this SqliteException exception) => exception.SqliteErrorCode is 1 or 19;

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
