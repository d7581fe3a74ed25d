using System.Data.Common;
using System.Globalization;
using DuckDB.NET.Data;

namespace IterableAudience.Warehouses.DuckDb;

/// <summary>
/// A DuckDB of its own in memory, to which the file is attached. The file is attached for reading only while a source is read; no file outside of the
/// folder can be opened, extensions are neither fetched nor loaded, and none of that can be set back.
/// </summary>
internal sealed class DuckDbSession(DuckDBConnection connection, IDisposable turn, string file, TimeSpan statementTimeout, TimeProvider time)
    : WarehouseSession(connection, statementTimeout, time)
{
    private const string Copied = "iterable_audience_source";
    private static readonly string[] Reserved = ["", "main", "memory", "temp", "system"];
    private static readonly string[] WholeNumbers = ["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"];

    private readonly DuckDbSpill _spill = new();
    private bool _attached;

    /// <summary>The name that DuckDB itself would give the file, so that SQL made elsewhere runs here.</summary>
    private string Catalog
    {
        get
        {
            var stem = Path.GetFileNameWithoutExtension(file);
            return Reserved.Contains(stem, StringComparer.OrdinalIgnoreCase) ? $"{stem}_db" : stem;
        }
    }

    private DuckDbCalls Calls => new(this, Catalog);

    internal void Begin(string root, SourcesOptions.DuckDbOptions options, SessionMode mode, CancellationToken cancel)
    {
        Run("SET autoinstall_known_extensions = false", cancel);
        Run("SET autoload_known_extensions = false", cancel);
        Run(string.Create(CultureInfo.InvariantCulture, $"SET memory_limit = '{options.MemoryMegabytes}MB'"), cancel);
        Run(string.Create(CultureInfo.InvariantCulture, $"SET threads = {options.Threads}"), cancel);
        Run("SET preserve_insertion_order = false", cancel);
        Run("SET TimeZone = 'UTC'", cancel);
        Run($"SET temp_directory = {Literal(_spill.Files)}", cancel);
        Run($"SET VARIABLE root = {Literal(root)}", cancel); // for models: read_csv(getvariable('root') || '/people.csv')
        Run($"SET allowed_directories = [{Literal(root + Path.DirectorySeparatorChar)}]", cancel);
        Run("SET enable_external_access = false", cancel);
        Run("SET lock_configuration = true", cancel);
        Attach(write: mode == SessionMode.Write, cancel);
    }

    public override IReadOnlyList<string> Schemas(CancellationToken cancel)
        => List(
            "SELECT schema_name FROM system.main.duckdb_schemas() WHERE database_name = $c AND NOT internal OR (database_name = $c AND schema_name = 'main') ORDER BY 1",
            r => r.Text(0)!,
            cancel,
            ("c", Catalog));

    public override IReadOnlyList<WarehouseTable> Tables(string schema, CancellationToken cancel)
        => List(
            """
            SELECT table_name, 'table', estimated_size FROM system.main.duckdb_tables() WHERE database_name = $c AND schema_name = $s
            UNION ALL
            SELECT view_name, 'view', NULL FROM system.main.duckdb_views() WHERE database_name = $c AND schema_name = $s AND NOT internal
            ORDER BY 1
            """,
            r => new WarehouseTable(r.Text(0)!, r.Text(1)!, r.IsNull(2) ? null : r.Int64(2)),
            cancel,
            ("c", Catalog),
            ("s", schema));

    public override IReadOnlyList<WarehouseColumn> Columns(string schema, string table, CancellationToken cancel)
        => List(
            "SELECT column_name, data_type FROM system.main.duckdb_columns() WHERE database_name = $c AND schema_name = $s AND table_name = $t ORDER BY column_index",
            r => new WarehouseColumn(r.Text(0)!, r.Text(1)!),
            cancel,
            ("c", Catalog),
            ("s", schema),
            ("t", table));

    /// <remarks>DuckDB's own parser says what the text is by itself: one statement that selects. Then nothing can follow the query that is made around it.</remarks>
    protected override void CheckModel(string sql, CancellationToken cancel)
    {
        var syntax = Calls.Parse(sql, cancel);
        if (syntax.ErrorKind is not null || syntax.Statements != 1)
        {
            throw new WarehouseException(WarehouseException.InvalidQuery, Wrong(syntax));
        }
    }

    public override TextForm FormOf(string type)
    {
        var kind = type.Split('(')[0];
        return type.EndsWith(']') ? TextForm.None
            : kind is "VARCHAR" or "ENUM" or "UUID" or "BOOLEAN" or "DECIMAL" or "DOUBLE" or "FLOAT" || WholeNumbers.Contains(kind) ? TextForm.Identifier
            : kind is "DATE" or "INTERVAL" || kind.StartsWith("TIME", StringComparison.Ordinal) ? TextForm.Key
            : TextForm.None;
    }

    public override bool TryPrepareSchema(string schema, CancellationToken cancel)
    {
        try
        {
            Attach(write: true, cancel);
            Run($"CREATE SCHEMA IF NOT EXISTS {Quote(Catalog)}.{Quote(schema)}", cancel);
            return true;
        }
        catch (WarehouseException e) when (e.Reason is WarehouseException.Unreachable or WarehouseException.InvalidQuery or WarehouseException.AccessDenied)
        {
            return false; // a file that this process may not write to
        }
        finally
        {
            Attach(write: false, cancel);
        }
    }

    /// <remarks>Into columns that were there before: those of a table made by the query would keep the source's collations, and texts that differ would count as equal.</remarks>
    public override string Copy(SourceQuery query, IReadOnlyList<string> columns, CancellationToken cancel)
    {
        var made = columns.Select((_, i) => string.Create(CultureInfo.InvariantCulture, $"c{i} {TextType}"));
        Run($"CREATE TEMPORARY TABLE {Copied} ({string.Join(", ", made)})", cancel);
        Run($"INSERT INTO temp.main.{Copied} SELECT {string.Join(", ", columns.Select(c => Text(Quote(c))))} FROM {From(query)}", cancel);
        Attach(write: true, cancel);
        return $"temp.main.{Copied}";
    }

    public override void Append(string table, IEnumerable<object?[]> rows, CancellationToken cancel)
        => Guarded(
            () =>
            {
                using var appender = connection.CreateAppender("temp", "main", table);
                foreach (var row in rows)
                {
                    cancel.ThrowIfCancellationRequested();
                    var to = appender.CreateRow();
                    foreach (var value in row)
                    {
                        to = value switch
                        {
                            null => to.AppendNullValue(),
                            string text => to.AppendValue(text),
                            long number => to.AppendValue(number),
                            DateTimeOffset at => to.AppendValue(at.UtcDateTime),
                            _ => throw new ArgumentException("Rows are of text, whole numbers and times.", nameof(rows)),
                        };
                    }

                    to.EndRow();
                }

                return true;
            },
            cancel);

    public override async ValueTask DisposeAsync()
    {
        try
        {
            await base.DisposeAsync();
        }
        finally
        {
            _spill.Dispose();
            turn.Dispose();
        }
    }

    /// <remarks>
    /// Models and tables alike are looked at here before anything of them is planned: a table may be a view that calls something. The driver's words for types are
    /// not those of DuckDB.
    /// </remarks>
    protected override IReadOnlyList<WarehouseColumn> ColumnsOf(string sql, CancellationToken cancel)
    {
        Calls.Check(sql, cancel);
        return List($"SELECT column_name, column_type FROM (DESCRIBE {sql})", r => new WarehouseColumn(r.Text(0)!, r.Text(1)!), cancel);
    }

    /// <remarks>With the file's name: two parts could be a file and a table as well.</remarks>
    public override string Quote(string schema, string table) => $"{Quote(Catalog)}.{Quote(schema)}.{Quote(table)}";

    public override string Parameter(string name) => $"${name}";

    protected override WarehouseException? Explain(Exception e) => DuckDbErrors.Explain(e);

    protected override DbDataReader Execute(DbCommand command)
    {
        ((DuckDBCommand)command).UseStreamingMode = true;
        return command.ExecuteReader();
    }

    private static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    private static string Wrong(DuckDbSyntax syntax)
        => syntax.Statements > 1 ? "The model must be one statement; take out what is behind the first semicolon."
            : syntax.ErrorKind == "parser" ? $"DuckDB doesn't understand the source: {syntax.ErrorMessage?.Split('\n')[0].TrimEnd('.')}."
            : "The model must be one statement that only reads: SELECT, or WITH … SELECT.";

    private void Attach(bool write, CancellationToken cancel)
    {
        if (_attached)
        {
            Run("USE memory.main", cancel);
            Run($"DETACH {Quote(Catalog)}", cancel);
            _attached = false;
        }

        Run($"ATTACH {Literal(file)} AS {Quote(Catalog)}{(write ? "" : " (READ_ONLY)")}", cancel);
        _attached = true;
        // The source's SQL is at home in the file. Ours isn't: a macro of the file must not stand before a function that it calls.
        Run(write ? "USE memory.main" : $"USE {Quote(Catalog)}.main", cancel); // in full: the file may have a schema of its own name
    }
}
