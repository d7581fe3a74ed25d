using IterableAudience.Sources;
using IterableAudience.Warehouses;

namespace IterableAudience.Syncs.Mirror;

/// <summary>
/// The rules of <see cref="DiffRules"/> in the warehouse's own SQL. A snapshot table has the columns of the source as text and
/// <c>rudder_operation_type</c>: <c>insert</c>, <c>update</c>, <c>delete</c> or <c>unchanged</c>, and <c>invalid</c> for a key whose values nobody knows: its rows are held back, or it is gone and was left alone after a sync that did not end.
/// </summary>
/// <param name="session">For names in statements.</param>
/// <param name="columns">Of the source, the key first; in the copy they are c0, c1, ….</param>
/// <param name="copied">The copy of the source.</param>
/// <param name="duplicates">The keys that more than one row has.</param>
internal sealed class SnapshotSql(WarehouseSession session, IReadOnlyList<string> columns, string copied, string duplicates)
{
    public const string Change = "rudder_operation_type";

    /// <summary>Whether a snapshot can have the columns of a source: one of its own name can't be told from them.</summary>
    public static bool CanHold(SourceColumns columns) => !columns.All.Contains(Change, StringComparer.OrdinalIgnoreCase);

    /// <summary>The name of a sync's snapshot. Neither id has an underscore, so it can be taken apart again.</summary>
    public static string TableName(string connectionId, string syncId) => $"snapshot_{connectionId}_{syncId}";

    /// <summary>What the names of a connection's snapshots begin with.</summary>
    public static string Prefix(string connectionId) => $"snapshot_{connectionId}_";

    public string MakeDuplicates => $"CREATE TEMPORARY TABLE {duplicates} AS SELECT c0 FROM {copied} WHERE c0 IS NOT NULL GROUP BY c0 HAVING count(*) > 1";

    /// <summary>The snapshot of a full sync: every row is new.</summary>
    /// <param name="table">To make.</param>
    /// <param name="nobodyYet">No key can have a member: those that are held back need not be remembered.</param>
    public string MakeFull(string table, bool nobodyYet)
        => $"""
            CREATE TABLE {table} AS
            SELECT {List(i => $"s.c{i} AS {Name(i)}")}, CAST('insert' AS {TextType}) AS {Change} FROM {Valid} s
            UNION ALL
            SELECT {List(i => i == 0 ? "d.c0" : $"CAST(NULL AS {TextType})")}, CAST('invalid' AS {TextType}) FROM {duplicates} d{(nobodyYet ? " WHERE FALSE" : "")}
            """;

    /// <summary>The snapshot that comes after another one.</summary>
    /// <param name="table">To make.</param>
    /// <param name="before">The baseline.</param>
    /// <param name="dirty">Its sync did not come to its end.</param>
    /// <param name="keepAbsent">Rows that are gone are left alone.</param>
    public string MakeNext(string table, string before, bool dirty, bool keepAbsent)
    {
        var unknown = dirty ? $"{Change} <> 'unchanged'" : $"{Change} = 'invalid'";
        var kept = "CASE WHEN b.unknown THEN 'invalid' ELSE 'unchanged' END";
        return $"""
            CREATE TABLE {table} AS
            SELECT coalesce(s.c0, b.c0) AS {Name(0)}{Values(i => $"CASE WHEN s.c0 IS NULL THEN b.c{i} ELSE s.c{i} END AS {Name(i)}")},
              CAST(CASE
                WHEN b.c0 IS NULL THEN 'insert'
                WHEN s.c0 IS NULL AND d.c0 IS NOT NULL THEN 'invalid'
                WHEN s.c0 IS NULL THEN {(keepAbsent ? kept : "'delete'")}
                WHEN b.unknown{Values(i => $"OR s.c{i} IS DISTINCT FROM b.c{i}", " ")} THEN 'update'
                ELSE 'unchanged' END AS {TextType}) AS {Change}
            FROM {Valid} s
            FULL OUTER JOIN (SELECT {List(i => $"{Name(i)} AS c{i}")}, {unknown} AS unknown FROM {before}{(dirty ? "" : $" WHERE {Change} <> 'delete'")}) b ON s.c0 = b.c0
            LEFT JOIN {duplicates} d ON d.c0 = b.c0
            """;
    }

    /// <summary>The change, and the columns of each row that has one.</summary>
    public string Changes(string table) => $"SELECT {Change}, {List(Name)} FROM {table} WHERE {Change} IN ('insert', 'update', 'delete')";

    /// <summary>The columns of each row that is held back.</summary>
    public string Invalid => $"SELECT {List(i => $"s.c{i}")} FROM {copied} s WHERE s.c0 IS NULL OR EXISTS (SELECT 1 FROM {duplicates} d WHERE d.c0 = s.c0)";

    /// <summary>The columns of each row without a key.</summary>
    public string Keyless => $"SELECT {List(i => $"c{i}")} FROM {copied} WHERE c0 IS NULL";

    public string CountRows => $"SELECT count(*) FROM {copied}";

    private string Valid => $"(SELECT * FROM {copied} v WHERE v.c0 IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {duplicates} d WHERE d.c0 = v.c0))";

    private string TextType => session.TextType;

    private string Name(int column) => session.Quote(columns[column]);

    private string List(Func<int, string> each) => string.Join(", ", Enumerable.Range(0, columns.Count).Select(each));

    private string Values(Func<int, string> each, string separator = ", ")
        => string.Concat(Enumerable.Range(1, columns.Count - 1).Select(i => separator + each(i)));
}
