using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Npgsql;

namespace IterableAudience.Store;

/// <summary>
/// What a transaction on PostgreSQL has still to write: rows for COPY, table by table, and statements whose answer nobody needs. It goes out before the next
/// statement that has an answer, and before the commit. So a transaction takes a few round trips, however many batches share it.
/// </summary>
internal sealed class PostgresPending : IDisposable
{
    private static readonly ConditionalWeakTable<NpgsqlConnection, PostgresPending> Transactions = [];

    private readonly NpgsqlConnection _connection;
    private readonly Dictionary<CopyInto, PostgresCopyRows> _rows = [];
    private NpgsqlBatch? _statements;
    private PostgresCopyRows? _coming;

    private PostgresPending(NpgsqlConnection connection) => _connection = connection;

    /// <summary>From now on until it is disposed of, writes on this connection may be put off.</summary>
    /// <param name="connection">In a transaction.</param>
    public static PostgresPending Begin(NpgsqlConnection connection)
    {
        var pending = new PostgresPending(connection);
        Transactions.Add(connection, pending);
        return pending;
    }

    /// <summary>What the transaction of a connection has still to write; null without one.</summary>
    public static PostgresPending? Of(DbConnection connection)
        => connection is NpgsqlConnection postgres && Transactions.TryGetValue(postgres, out var pending) ? pending : null;

    /// <summary>The rows for a table.</summary>
    public PostgresCopyRows RowsOf(CopyInto into)
    {
        if (!_rows.TryGetValue(into, out var rows))
        {
            _rows[into] = rows = new PostgresCopyRows(_connection, into, Comes);
        }

        return rows;
    }

    /// <summary>Adds a statement.</summary>
    [SuppressMessage("Security", "CA2100", Justification = "The statements are constants of this program; values are parameters.")]
    public void Add(string sql, ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var (name, value) in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter(name, value ?? DBNull.Value));
        }

        (_statements ??= new NpgsqlBatch(_connection)).BatchCommands.Add(command);
    }

    /// <summary>Writes all of it. The order among tables is not kept: who depends on it asks for an answer.</summary>
    public void Flush()
    {
        foreach (var rows in _rows.Values)
        {
            rows.Flush();
        }

        if (_statements is { } statements)
        {
            _statements = null;
            using (statements)
            {
                statements.ExecuteNonQuery();
            }
        }
    }

    /// <summary>Writes what is left before the commit, and asks something when nothing is left: a transaction that had an error refuses it, while a commit would be answered
    /// by a rollback and called a success.</summary>
    public void Finish()
    {
        var isLeft = _statements is not null || _rows.Values.Any(r => r.IsOpen);
        Flush();
        if (!isLeft)
        {
            _connection.Run("SELECT 1");
        }
    }

    public void Dispose()
    {
        Transactions.Remove(_connection);
        _statements?.Dispose();
        foreach (var rows in _rows.Values)
        {
            rows.Dispose();
        }
    }

    /// <summary>A connection has one COPY at a time: the one before ends.</summary>
    private void Comes(PostgresCopyRows rows)
    {
        if (_coming != rows)
        {
            _coming?.Flush();
            _coming = rows;
        }
    }
}
