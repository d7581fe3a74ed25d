using IterableAudience.Warehouses;

namespace IterableAudience.Syncs.Mirror;

/// <summary>The sync log in the user's warehouse: RudderStack's eight columns, then the reason's word and the list.</summary>
internal sealed class SyncLogTable(WarehouseSession session, string schema)
{
    public const string Name = "sync_log";
    private const string Gathered = "iterable_audience_log";

    private static readonly (string Name, bool IsTime, bool IsNumber)[] Columns =
    [
        ("connection_id", false, false), ("sync_run_id", false, false), ("primary_key", false, false), ("operation", false, false), ("status", false, false),
        ("error_reason", false, false), ("sync_started_at", true, false), ("sync_finished_at", true, false), ("reason_code", false, false), ("list_id", false, true),
    ];

    private string Table => session.Quote(schema, Name);

    /// <summary>Writes the rows of one run, in place of what is there of it: done again, the table is the same.</summary>
    public void Write(string connectionId, string syncId, IEnumerable<object?[]> rows, CancellationToken cancel)
    {
        Make(cancel);
        session.Run($"CREATE TEMPORARY TABLE {Gathered} ({Definition()})", cancel);
        session.Append(Gathered, rows, cancel);
        var names = string.Join(", ", Columns.Select(c => c.Name));
        session.Run("BEGIN TRANSACTION", cancel);
        session.Run($"DELETE FROM {Table} WHERE connection_id = {session.Parameter("c")} AND sync_run_id = {session.Parameter("r")}", cancel, ("c", connectionId), ("r", syncId));
        session.Run($"INSERT INTO {Table} ({names}) SELECT {names} FROM {Gathered}", cancel);
        session.Run("COMMIT", cancel);
    }

    /// <summary>Removes rows of a connection that are older than a moment.</summary>
    public void Prune(string connectionId, DateTimeOffset before, CancellationToken cancel)
    {
        if (IsThere(cancel))
        {
            session.Run($"DELETE FROM {Table} WHERE {Older}", cancel, ("c", connectionId), ("b", before.UtcDateTime));
        }
    }

    /// <summary>Whether there are such rows.</summary>
    public bool HasOlder(string connectionId, DateTimeOffset before, CancellationToken cancel)
        => IsThere(cancel) && session.Count($"SELECT count(*) FROM (SELECT 1 FROM {Table} WHERE {Older} LIMIT 1) x", cancel, ("c", connectionId), ("b", before.UtcDateTime)) > 0;

    private string Older => $"connection_id = {session.Parameter("c")} AND sync_finished_at < {session.Parameter("b")}";

    private bool IsThere(CancellationToken cancel) => session.Columns(schema, Name, cancel).Count > 0;

    /// <summary>A table that somebody else has made (RudderStack has eight columns) gets what it lacks.</summary>
    private void Make(CancellationToken cancel)
    {
        session.Run($"CREATE TABLE IF NOT EXISTS {Table} ({Definition()})", cancel);
        var there = session.Columns(schema, Name, cancel).Select(c => c.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        foreach (var column in Columns.Where(c => !there.Contains(c.Name)))
        {
            session.Run($"ALTER TABLE {Table} ADD COLUMN {Definition(column)}", cancel);
        }

        try
        {
            session.MakeUnique(schema, Name, ["connection_id", "sync_run_id"], "primary_key", cancel);
        }
        catch (WarehouseException)
        {
            // Somebody else's table, or their rows in it, won't have it. Each run is written in place of what is there of it all the same.
        }
    }

    private string Definition() => string.Join(", ", Columns.Select(Definition));

    private string Definition((string Name, bool IsTime, bool IsNumber) column)
        => $"{column.Name} {(column.IsTime ? "timestamp with time zone" : column.IsNumber ? "bigint" : session.TextType)}";
}
