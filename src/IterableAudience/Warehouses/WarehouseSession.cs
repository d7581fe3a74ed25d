using System.Data.Common;
using System.Diagnostics.CodeAnalysis;

namespace IterableAudience.Warehouses;

/// <summary>
/// One conversation with a warehouse. The statements are the same for all kinds where SQL is; a kind says what differs. Everything that goes wrong
/// comes out as a <see cref="WarehouseException"/>.
/// </summary>
/// <remarks>Not for two threads at once. Statements run on the calling thread: whoever has others to serve calls from a thread of the pool.</remarks>
[SuppressMessage("Security", "CA2100", Justification = "Names are quoted, values are parameters, and a model's SQL is meant to run: only where nothing can be written.")]
internal abstract class WarehouseSession(DbConnection connection, TimeSpan statementTimeout, TimeProvider time) : IAsyncDisposable
{
    protected TimeSpan StatementTimeout => statementTimeout;

    /// <summary>What values of a type are good for: their text must be what a person would write.</summary>
    public abstract TextForm FormOf(string type);

    /// <summary>Schemas that can be read, but for the warehouse's own.</summary>
    public abstract IReadOnlyList<string> Schemas(CancellationToken cancel);

    /// <summary>Tables and views of a schema.</summary>
    public abstract IReadOnlyList<WarehouseTable> Tables(string schema, CancellationToken cancel);

    /// <summary>Columns of a table or view; none when there is no such thing.</summary>
    public abstract IReadOnlyList<WarehouseColumn> Columns(string schema, string table, CancellationToken cancel);

    /// <summary>Looks at a model's SQL: it must be one statement that a query can be made around.</summary>
    protected abstract void CheckModel(string sql, CancellationToken cancel);

    /// <summary>Whether the service may write to its schema; makes the schema where it may. False leaves everything as it was.</summary>
    public abstract bool TryPrepareSchema(string schema, CancellationToken cancel);

    /// <summary>Copies the source's rows to a temporary table, all as of one moment and where nothing can be written, and gives its name. From then on the session may write.</summary>
    /// <param name="query">The source.</param>
    /// <param name="columns">What to copy, as text, under the names c0, c1, ….</param>
    /// <param name="cancel">Stops the statement.</param>
    public abstract string Copy(SourceQuery query, IReadOnlyList<string> columns, CancellationToken cancel);

    /// <summary>Appends rows of text, times and whole numbers to a temporary table, fast.</summary>
    /// <param name="table">Its name.</param>
    /// <param name="rows">Values in the order of the table's columns; nobody keeps an array.</param>
    /// <param name="cancel">Stops between rows.</param>
    public abstract void Append(string table, IEnumerable<object?[]> rows, CancellationToken cancel);

    /// <summary>Has the warehouse see to it that no two rows of a table have the same values there, if it can do so at little cost. Done again, it changes nothing.</summary>
    /// <param name="schema">Of the table.</param>
    /// <param name="table">Its name.</param>
    /// <param name="columns">Of short values.</param>
    /// <param name="text">Another one, whose values may be longer than what fits into an index.</param>
    /// <param name="cancel">Stops the statement.</param>
    public virtual void MakeUnique(string schema, string table, IReadOnlyList<string> columns, string text, CancellationToken cancel)
    {
    }

    /// <summary>From now on a statement fails when somebody else holds what it needs for longer than this, instead of waiting; where others can hold anything.</summary>
    public virtual void LimitLockWait(TimeSpan limit, CancellationToken cancel)
    {
    }

    /// <summary>Whether a table could not be made because one of its name was made at the same time; where that can be.</summary>
    public virtual bool IsThereAlready(WarehouseException e) => false;

    /// <summary>A parameter in a statement.</summary>
    public virtual string Parameter(string name) => $"@{name}";

    /// <summary>In the words of the warehouse's users, without any value of a row; null when it is none of the warehouse's doing.</summary>
    protected abstract WarehouseException? Explain(Exception e);

    /// <summary>A name in a statement.</summary>
    public virtual string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    /// <summary>A table's name in a statement.</summary>
    public virtual string Quote(string schema, string table) => $"{Quote(schema)}.{Quote(table)}";

    /// <summary>The type of text without a limit.</summary>
    public virtual string TextType => "VARCHAR";

    /// <summary>A value as text, the same text in every session.</summary>
    public string Text(string expression) => $"CAST({expression} AS {TextType})";

    /// <summary>The source as something to select from.</summary>
    public string From(SourceQuery query)
        => query.IsModel ? $"(\n{Trimmed(query.Sql!)}\n) AS {Quote("model")}" : Quote(query.Schema!, query.Table!);

    /// <summary>The columns of a source, in their order.</summary>
    public IReadOnlyList<WarehouseColumn> Describe(SourceQuery query, CancellationToken cancel)
    {
        if (query.IsModel)
        {
            CheckModel(Trimmed(query.Sql!), cancel);
        }

        return ColumnsOf($"SELECT * FROM {From(query)}", cancel);
    }

    /// <summary>Runs a query that the service made.</summary>
    public WarehouseRows Query(string sql, CancellationToken cancel, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        var command = Command(sql, parameters);
        var watch = new StatementWatch(command, statementTimeout, time, cancel);
        try
        {
            cancel.ThrowIfCancellationRequested();
            return new WarehouseRows(Execute(command), command, watch, e => Failure(e, watch, cancel));
        }
        catch (Exception e)
        {
            var failure = Failure(e, watch, cancel);
            watch.Dispose();
            command.Dispose();
            throw failure;
        }
    }

    /// <summary>Runs a statement that the service made.</summary>
    public void Run(string sql, CancellationToken cancel, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using var command = Command(sql, parameters);
        using var watch = new StatementWatch(command, statementTimeout, time, cancel);
        try
        {
            cancel.ThrowIfCancellationRequested();
            command.ExecuteNonQuery();
        }
        catch (Exception e)
        {
            throw Failure(e, watch, cancel);
        }
    }

    /// <summary>The number in the first row, 0 when there is none.</summary>
    public long Count(string sql, CancellationToken cancel, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using var rows = Query(sql, cancel, parameters);
        return rows.Read() && !rows.IsNull(0) ? rows.Int64(0) : 0;
    }

    /// <summary>Reads all rows of a short answer.</summary>
    public List<T> List<T>(string sql, Func<WarehouseRows, T> read, CancellationToken cancel, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using var rows = Query(sql, cancel, parameters);
        List<T> all = [];
        while (rows.Read())
        {
            all.Add(read(rows));
        }

        return all;
    }

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await connection.DisposeAsync();
    }

    /// <summary>Without what ends a statement: a query is made around it.</summary>
    internal static string Trimmed(string sql) => sql.Trim().TrimEnd(';').TrimEnd();

    /// <summary>Runs something that uses the driver directly, with errors in words.</summary>
    protected T Guarded<T>(Func<T> work, CancellationToken cancel)
    {
        try
        {
            return work();
        }
        catch (Exception e)
        {
            throw Failure(e, null, cancel);
        }
    }

    /// <summary>The columns of a query.</summary>
    protected virtual IReadOnlyList<WarehouseColumn> ColumnsOf(string sql, CancellationToken cancel)
    {
        using var rows = Query($"{sql} LIMIT 0", cancel);
        return [.. Enumerable.Range(0, rows.FieldCount).Select(i => new WarehouseColumn(rows.GetName(i), rows.GetDataTypeName(i)))];
    }

    /// <summary>How the driver hands out rows as they come, instead of all at once.</summary>
    protected virtual DbDataReader Execute(DbCommand command) => command.ExecuteReader();

    private DbCommand Command(string sql, ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
        {
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = (name, value ?? DBNull.Value);
            command.Parameters.Add(parameter);
        }

        return command;
    }

    /// <summary>What to throw for what was thrown.</summary>
    private Exception Failure(Exception e, StatementWatch? watch, CancellationToken cancel)
    {
        if (cancel.IsCancellationRequested)
        {
            return new OperationCanceledException("The statement was cancelled.", e, cancel);
        }

        if (watch is { IsOver: true })
        {
            return new WarehouseException(
                WarehouseException.Timeout, $"The warehouse took longer than {statementTimeout:c} for one statement; make the source smaller or faster, or raise Sources__StatementTimeout.", e);
        }

        return e is WarehouseException ? e : Explain(e) ?? e;
    }
}
