using System.Collections.Frozen;

namespace IterableAudience.Warehouses.DuckDb;

/// <summary>
/// Which functions a source may call. Some of DuckDB's do more than read: they write files, switch logs on, print to the output of the process. None of its settings
/// forbids them, so what a source calls is looked up before DuckDB plans it: by itself, and in the views and macros of the file that it names.
/// </summary>
/// <remarks>The file's macros stand before DuckDB's own functions wherever a name has no schema, so the questions asked here call nothing without one.</remarks>
/// <param name="session">With the file attached.</param>
/// <param name="catalog">The file's name in the session.</param>
internal sealed class DuckDbCalls(WarehouseSession session, string catalog)
{
    /// <summary>Functions that may stand in FROM. All that is not here is refused, so that a new version of DuckDB opens nothing.</summary>
    private static readonly FrozenSet<string> Readers = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "read_csv", "read_csv_auto", "read_parquet", "parquet_scan", "read_json", "read_json_auto", "read_json_objects", "read_json_objects_auto",
        "read_ndjson", "read_ndjson_auto", "read_ndjson_objects", "read_text", "read_blob", "glob",
        "range", "generate_series", "unnest", "repeat", "repeat_row", "json_each", "json_tree",
        "parquet_metadata", "parquet_schema", "parquet_file_metadata", "parquet_kv_metadata");

    /// <summary>Functions of values that do something; <c>json_serialize_plan</c> plans SQL that nobody has looked at.</summary>
    private static readonly FrozenSet<string> Doers = FrozenSet.Create(StringComparer.OrdinalIgnoreCase, "write_log", "nextval", "json_serialize_plan");

    /// <summary>What DuckDB's parser says of a text by itself.</summary>
    public DuckDbSyntax Parse(string sql, CancellationToken cancel)
        => DuckDbSyntax.Of(session.List("SELECT system.main.json_serialize_sql(CAST($q AS VARCHAR))", r => r.Text(0)!, cancel, ("q", sql))[0]);

    /// <summary>Looks at everything that a query calls.</summary>
    /// <exception cref="WarehouseException">It calls what it may not.</exception>
    public void Check(string sql, CancellationToken cancel)
    {
        var made = MadeInFile(cancel);
        var builtIn = BuiltIn(cancel);
        HashSet<string> seen = new(StringComparer.OrdinalIgnoreCase);
        Queue<string> left = new([sql]);
        while (left.TryDequeue(out var text))
        {
            var syntax = Parse(text, cancel);
            if (syntax.ErrorKind is not null && (syntax.ErrorKind != "parser" || !ReferenceEquals(text, sql)))
            {
                // Of the source's own text DuckDB says better what is wrong with it.
                throw new WarehouseException(WarehouseException.InvalidQuery, "The source, or a view or macro of its file that it names, is SQL that can't be looked into; write it as a plain SELECT.");
            }

            var refused = syntax.TableFunctions.Where(f => !Readers.Contains(f) && (!made.Contains(f) || builtIn.Contains(f))).Concat(syntax.Functions.Where(Doers.Contains)).FirstOrDefault();
            if (refused is not null)
            {
                throw new WarehouseException(WarehouseException.InvalidQuery, Refusal(refused));
            }

            foreach (var definition in syntax.Functions.Concat(syntax.Tables).Where(n => made.Contains(n) && seen.Add(n)).SelectMany(n => made[n]))
            {
                left.Enqueue(definition);
            }
        }
    }

    /// <summary>DuckDB's own functions: a view or macro of the file may bear the name of one.</summary>
    private HashSet<string> BuiltIn(CancellationToken cancel)
        => session.List("SELECT DISTINCT function_name FROM system.main.duckdb_functions() WHERE database_name <> $c", r => r.Text(0)!, cancel, ("c", catalog))
            .ToHashSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>The queries behind the views and macros of the file, by name, whatever their schema.</summary>
    private ILookup<string, string> MadeInFile(CancellationToken cancel)
        => session.List(
            """
            SELECT function_name, macro_definition, CASE function_type WHEN 'macro' THEN 1 ELSE 0 END
            FROM system.main.duckdb_functions() WHERE database_name = $c AND macro_definition IS NOT NULL
            UNION ALL
            SELECT view_name, sql, 2 FROM system.main.duckdb_views() WHERE database_name = $c AND NOT internal
            """,
            r => (Name: r.Text(0)!, Query: r.Int64(2) switch { 0 => r.Text(1)!, 1 => $"SELECT {r.Text(1)}", _ => QueryOf(r.Text(1)!) }),
            cancel,
            ("c", catalog)).ToLookup(m => m.Name, m => m.Query, StringComparer.OrdinalIgnoreCase);

    /// <summary>Of a <c>CREATE VIEW "name" ("columns") AS query</c>, as DuckDB writes it.</summary>
    private static string QueryOf(string view)
    {
        var quoted = false;
        for (var i = 0; i < view.Length; i++)
        {
            if (view[i] == '"')
            {
                quoted = !quoted;
            }
            else if (!quoted && view.AsSpan(i).StartsWith(" AS ", StringComparison.Ordinal))
            {
                return view[(i + 4)..];
            }
        }

        return view;
    }

    private static string Refusal(string function)
    {
        var named = function.Length is > 0 and <= 60 && function.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') ? $" {function}" : "";
        return $"The source calls the function{named}, which it may not: a source may select from tables and from functions that only read, such as read_csv.";
    }
}
