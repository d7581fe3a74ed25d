using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace IterableAudience.Store;

/// <summary>
/// A prepared statement straight on SQLite's own interface: binding by place and stepping costs a fraction of a
/// <see cref="SqliteCommand"/>, which looks every parameter up by its name, boxes its value and makes a reader.
/// </summary>
internal sealed class SqliteBulkStatement : BulkStatement
{
    private readonly sqlite3 _database;
    private readonly sqlite3_stmt _statement;

    /// <param name="connection">Open; the statement belongs to its current transaction.</param>
    /// <param name="sql">One statement with parameters ?1, ?2, …</param>
    public SqliteBulkStatement(SqliteConnection connection, string sql)
    {
        _database = connection.Handle!;
        Check(raw.sqlite3_prepare_v2(_database, sql, out _statement));
    }

    /// <inheritdoc/>
    public override SqliteBulkStatement Bind(int place, long value)
    {
        Check(raw.sqlite3_bind_int64(_statement, place, value));
        return this;
    }

    /// <inheritdoc/>
    public override SqliteBulkStatement Bind(int place, ReadOnlySpan<byte> value)
    {
        Check(raw.sqlite3_bind_blob(_statement, place, value));
        return this;
    }

    /// <inheritdoc/>
    public override SqliteBulkStatement Bind(int place, string? value)
    {
        Check(value is null ? raw.sqlite3_bind_null(_statement, place) : raw.sqlite3_bind_text(_statement, place, Encoding.UTF8.GetBytes(value)));
        return this;
    }

    /// <inheritdoc/>
    public override void Run()
    {
        var code = raw.sqlite3_step(_statement);
        raw.sqlite3_reset(_statement);
        Check(code);
    }

    /// <summary>Runs the statement and returns the number in its first row, 0 when it has none.</summary>
    public long RunForNumber()
    {
        var code = raw.sqlite3_step(_statement);
        var number = code == raw.SQLITE_ROW ? raw.sqlite3_column_int64(_statement, 0) : 0;
        raw.sqlite3_reset(_statement);
        Check(code);
        return number;
    }

    /// <inheritdoc/>
    public override void Finish()
    {
        // every row is written when it comes
    }

    /// <inheritdoc/>
    public override void Dispose() => _statement.Dispose();

    private void Check(int code)
    {
        if (code is not (raw.SQLITE_OK or raw.SQLITE_DONE or raw.SQLITE_ROW))
        {
            throw new SqliteException(raw.sqlite3_errmsg(_database).utf8_to_string(), code & 0xFF, code);
        }
    }
}
