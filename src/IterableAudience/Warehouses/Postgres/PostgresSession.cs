using System.Data;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Npgsql;

namespace IterableAudience.Warehouses.Postgres;

/// <summary>One connection to a PostgreSQL server. Whatever reads a source runs in a read-only transaction, and the server ends what takes too long.</summary>
[SuppressMessage("Security", "CA2100", Justification = "See WarehouseSession.")]
internal sealed class PostgresSession(NpgsqlConnection connection, TimeSpan statementTimeout, TimeProvider time)
    : WarehouseSession(connection, statementTimeout, time)
{
    private const string Copied = "iterable_audience_source";

    private static readonly string[] NoText =
        ["bytea", "json", "jsonb", "jsonpath", "xml", "record", "tsvector", "tsquery", "point", "line", "lseg", "box", "path", "polygon", "circle", "hstore"];

    private bool _reading;

    /// <summary>Texts of values must not hang on how the server is set up; and nothing is written unless it is meant to be.</summary>
    internal void Begin(SessionMode mode, CancellationToken cancel)
    {
        Settle(cancel);
        if (mode == SessionMode.Read)
        {
            BeginReading(cancel);
        }
    }

    public override IReadOnlyList<string> Schemas(CancellationToken cancel)
        => List(
            """
            SELECT CAST(nspname AS text) FROM pg_catalog.pg_namespace
            WHERE nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema' AND has_schema_privilege(oid, 'USAGE') ORDER BY 1
            """,
            r => r.Text(0)!,
            cancel);

    public override IReadOnlyList<WarehouseTable> Tables(string schema, CancellationToken cancel)
        => List(
            """
            SELECT CAST(c.relname AS text), CASE WHEN c.relkind IN ('v', 'm') THEN 'view' ELSE 'table' END, CAST(c.reltuples AS bigint)
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = @s AND c.relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY 1
            """,
            r => new WarehouseTable(r.Text(0)!, r.Text(1)!, r.Int64(2) is >= 0 and var rows && r.Text(1) == "table" ? rows : null),
            cancel,
            ("@s", schema));

    public override IReadOnlyList<WarehouseColumn> Columns(string schema, string table, CancellationToken cancel)
        => List(
            """
            SELECT CAST(a.attname AS text), format_type(a.atttypid, a.atttypmod)
            FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = @s AND c.relname = @t AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
            """,
            r => new WarehouseColumn(r.Text(0)!, r.Text(1)!),
            cancel,
            ("@s", schema),
            ("@t", table));

    /// <remarks>
    /// The text travels as one message of the extended protocol, in which the server takes one statement only; and the driver refuses what it would have
    /// to cut in two. So nothing can follow the query, and inside of a query nothing but a query can be.
    /// </remarks>
    protected override void CheckModel(string sql, CancellationToken cancel)
        => Reading(
            () => Guarded(
                () =>
                {
                    using var batch = new NpgsqlBatch(connection);
                    batch.BatchCommands.Add(new NpgsqlBatchCommand($"SELECT * FROM (\n{sql}\n) AS {Quote("model")} LIMIT 0"));
                    using var rows = batch.ExecuteReader(CommandBehavior.SchemaOnly);
                    return rows.FieldCount;
                },
                cancel),
            cancel);

    public override TextForm FormOf(string type)
        => type.EndsWith("[]", StringComparison.Ordinal) || type.EndsWith("range", StringComparison.Ordinal) || type.StartsWith("bit", StringComparison.Ordinal)
            || NoText.Contains(type.Split('.')[^1])
            ? TextForm.None
            : type is "date" or "interval" || type.StartsWith("time", StringComparison.Ordinal) ? TextForm.Key
            : TextForm.Identifier;

    public override bool TryPrepareSchema(string schema, CancellationToken cancel)
    {
        try
        {
            if (Count("SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname = @s", cancel, ("@s", schema)) == 0)
            {
                Run($"CREATE SCHEMA IF NOT EXISTS {Quote(schema)}", cancel);
            }

            // Two rights in one call would mean either of them.
            return Count(
                """
                SELECT CAST(has_schema_privilege(@s, 'CREATE') AND has_schema_privilege(@s, 'USAGE') AND has_database_privilege(current_database(), 'TEMPORARY')
                  AND current_setting('transaction_read_only') = 'off' AND NOT pg_is_in_recovery() AS integer)
                """,
                cancel,
                ("@s", schema)) == 1;
        }
        catch (WarehouseException e) when (e.Reason is WarehouseException.AccessDenied or WarehouseException.InvalidQuery)
        {
            return false; // no right, or a server that is read-only as a whole
        }
    }

    /// <remarks>A temporary table may be filled in a read-only transaction, and it is the only thing that may.</remarks>
    public override string Copy(SourceQuery query, IReadOnlyList<string> columns, CancellationToken cancel)
    {
        var names = Enumerable.Range(0, columns.Count).Select(i => string.Create(CultureInfo.InvariantCulture, $"c{i}")).ToList();
        Run($"CREATE TEMPORARY TABLE {Copied} ({string.Join(", ", names.Select(n => $"{n} text"))})", cancel);
        BeginReading(cancel);
        Run($"INSERT INTO pg_temp.{Copied} ({string.Join(", ", names)}) SELECT {string.Join(", ", columns.Select(c => Text(Quote(c))))} FROM {From(query)}", cancel);
        Run("COMMIT", cancel);
        _reading = false;
        Run("RESET ALL", cancel); // whatever functions of a model may have set
        Settle(cancel);
        Run($"ANALYZE pg_temp.{Copied}", cancel);
        return $"pg_temp.{Copied}";
    }

    public override void Append(string table, IEnumerable<object?[]> rows, CancellationToken cancel)
        => Guarded(
            () =>
            {
                using var import = connection.BeginBinaryImport($"COPY {Quote("pg_temp", table)} FROM STDIN (FORMAT BINARY)");
                foreach (var row in rows)
                {
                    cancel.ThrowIfCancellationRequested();
                    import.StartRow();
                    foreach (var value in row)
                    {
                        if (value is null)
                        {
                            import.WriteNull();
                        }
                        else
                        {
                            import.Write(value is DateTimeOffset at ? at.UtcDateTime : value);
                        }
                    }
                }

                return import.Complete();
            },
            cancel);

    /// <remarks>Only in a table without rows: of any other, each sync would read all of it, under a lock, to find that it can't be done.</remarks>
    public override void MakeUnique(string schema, string table, IReadOnlyList<string> columns, string text, CancellationToken cancel)
    {
        if (Count($"SELECT count(*) FROM (SELECT 1 FROM {Quote(schema, table)} LIMIT 1) x", cancel) == 0)
        {
            Run($"CREATE UNIQUE INDEX IF NOT EXISTS {Quote($"{table}_unique")} ON {Quote(schema, table)} ({string.Join(", ", columns.Select(Quote))}, md5({Quote(text)}))", cancel);
        }
    }

    public override void LimitLockWait(TimeSpan limit, CancellationToken cancel) => Run($"SET lock_timeout = {(long)limit.TotalMilliseconds}", cancel);

    /// <remarks>A table, or its row type; by which of the server's own indexes, where the other transaction was still open.</remarks>
    public override bool IsThereAlready(WarehouseException e)
        => e.InnerException is PostgresException { SqlState: PostgresErrorCodes.DuplicateTable or PostgresErrorCodes.DuplicateObject or PostgresErrorCodes.UniqueViolation };

    public override string TextType => "text";

    /// <remarks>Not a row is asked for, but the server may call a function already when it plans.</remarks>
    protected override IReadOnlyList<WarehouseColumn> ColumnsOf(string sql, CancellationToken cancel) => Reading(() => base.ColumnsOf(sql, cancel), cancel);

    protected override WarehouseException? Explain(Exception e) => PostgresErrors.Explain(e);

    /// <summary>Looks at something where nothing can be written.</summary>
    private T Reading<T>(Func<T> look, CancellationToken cancel)
    {
        if (_reading)
        {
            return look();
        }

        Run("BEGIN TRANSACTION READ ONLY", cancel);
        try
        {
            return look();
        }
        finally
        {
            Run("ROLLBACK", CancellationToken.None);
        }
    }

    private void BeginReading(CancellationToken cancel)
    {
        Run("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY", cancel);
        _reading = true;
    }

    private void Settle(CancellationToken cancel)
        => Run(
            $"""
            SET statement_timeout = {(long)(StatementTimeout + TimeSpan.FromSeconds(5)).TotalMilliseconds};
            SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET extra_float_digits = 1
            """,
            cancel);
}
