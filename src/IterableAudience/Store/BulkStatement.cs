using System.Data.Common;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace IterableAudience.Store;

/// <summary>
/// One change for many rows. Places are numbered from 1; those before the first row place are bound once and hold for all rows.
/// SQLite runs the statement for each row as it comes (or for a few); PostgreSQL gets all rows at once, as arrays, when <see cref="Finish"/> is called.
/// </summary>
/// <remarks>On PostgreSQL a row that a statement would change twice is an error: give each key once.</remarks>
internal abstract class BulkStatement : IDisposable
{
    /// <param name="connection">Open; the statement belongs to its current transaction.</param>
    /// <param name="sql">The change in both dialects.</param>
    public static BulkStatement Of(DbConnection connection, in BulkSql sql)
        => connection switch
        {
            SqliteConnection sqlite when sql.SeveralRows => new SqliteRowsStatement(sqlite, sql.Sqlite, sql.RowPlaces),
            SqliteConnection sqlite => new SqliteBulkStatement(sqlite, sql.Sqlite),
            _ => new PostgresBulkStatement((NpgsqlConnection)connection, sql),
        };

    /// <summary>Rows that are only inserted. On PostgreSQL they come by COPY, at the latest before the commit; a row that is there already is an error.</summary>
    /// <param name="connection">Open; the rows belong to its current transaction.</param>
    /// <param name="sqlite">For one row, with parameters ?1, ?2, … in the order of the columns of <paramref name="into"/>.</param>
    /// <param name="into">Where PostgreSQL puts them.</param>
    /// <param name="rowPlaces">First place that differs from row to row, if SQLite shall take several rows at a step (<see cref="BulkSql.SeveralRows"/>).</param>
    public static BulkStatement Of(DbConnection connection, string sqlite, CopyInto into, int? rowPlaces = null)
        => connection switch
        {
            SqliteConnection embedded when rowPlaces is { } places => new SqliteRowsStatement(embedded, sqlite, places),
            SqliteConnection embedded => new SqliteBulkStatement(embedded, sqlite),
            _ => new PostgresCopyStatement(PostgresPending.Of(connection) ?? throw new InvalidOperationException("Rows are copied within a transaction of the store."), into),
        };

    /// <summary>Binds a number to a place.</summary>
    public abstract BulkStatement Bind(int place, long value);

    /// <summary>Binds bytes to a place.</summary>
    public abstract BulkStatement Bind(int place, ReadOnlySpan<byte> value);

    /// <summary>Binds a text to a place; null is NULL.</summary>
    public abstract BulkStatement Bind(int place, string? value);

    /// <summary>Takes the row that is bound.</summary>
    public abstract void Run();

    /// <summary>Writes what is not written yet.</summary>
    public abstract void Finish();

    public abstract void Dispose();
}

/// <summary>A change in both dialects.</summary>
/// <param name="Sqlite">For one row, with parameters ?1, ?2, …</param>
/// <param name="Postgres">For all rows: the places bound once are @p1, @p2, …, the others arrays (of bigint, bytea or text) of the same names.</param>
/// <param name="RowPlaces">First place that differs from row to row.</param>
/// <param name="SeveralRows">SQLite takes several rows at a step; for an insert of numbers and bytes in the order of its index.</param>
internal readonly record struct BulkSql(string Sqlite, string Postgres, int RowPlaces, bool SeveralRows = false);
