using IterableAudience.Records;
using IterableAudience.Warehouses;

namespace IterableAudience.Syncs.Mirror;

/// <summary>
/// Finds the changes of a source in the warehouse itself, against the snapshot table of the last sync. Only what changed, and what is held back, comes
/// to the service; the rows as they are now stay there, as the next snapshot.
/// </summary>
internal sealed class SnapshotDiff(DiffRun run, WarehouseSession session, string schema)
{
    private const string Duplicates = "iterable_audience_duplicates";

    /// <summary>Copies the source, makes the snapshot, and stages what changed.</summary>
    /// <param name="table">The snapshot to make.</param>
    /// <param name="before">The baseline's, with its columns, the key first; null when there is none.</param>
    /// <param name="cancel">Stops the statement.</param>
    public async Task StageAsync(string table, (string Table, IReadOnlyList<string> Columns)? before, CancellationToken cancel)
    {
        if (before is null || !IsThere(before.Value.Table, before.Value.Columns, cancel))
        {
            run.MakeFull();
        }

        var columns = run.Columns.All;
        var copied = session.Copy(run.ReadAs.Config.Query, columns, cancel);
        var sql = new SnapshotSql(session, columns, copied, Duplicates);
        session.Run(sql.MakeDuplicates, cancel);
        run.Rows = session.Count(sql.CountRows, cancel);
        CountKeyless(sql, columns, cancel);

        var made = session.Quote(schema, table);
        await MakeAsync(
            made, run.Baseline is { } baseline ? sql.MakeNext(made, session.Quote(schema, before!.Value.Table), baseline.IsDirty, run.KeepAbsent) : sql.MakeFull(made, run.NobodyYet), cancel);
        await StageInvalidAsync(sql, columns, cancel);
        await StageChangesAsync(sql, made, columns, cancel);
    }

    /// <summary>Makes the snapshot in place of what an attempt that was cut off has left. A server may finish that one's statement when nobody waits for it any more: behind the drop.</summary>
    private async Task MakeAsync(string made, string create, CancellationToken cancel)
    {
        await DropAsync(made, cancel);
        try
        {
            session.Run(create, cancel);
        }
        catch (WarehouseException e) when (session.IsThereAlready(e))
        {
            await DropAsync(made, cancel);
            session.Run(create, cancel);
        }
    }

    /// <summary>The store is asked first whether the sync is still this node's: the table may be its successor's.</summary>
    private async Task DropAsync(string made, CancellationToken cancel)
    {
        await run.Work.Store.WriteAsync(_ => { }, durable: false, cancel);
        session.Run($"DROP TABLE IF EXISTS {made}", cancel);
    }

    /// <summary>Somebody may have dropped the baseline's table, or made another one of its name.</summary>
    private bool IsThere(string table, IReadOnlyList<string> columns, CancellationToken cancel)
    {
        var there = session.Columns(schema, table, cancel).Select(c => c.Name).ToHashSet(StringComparer.Ordinal);
        return columns.Count > 0 && there.Contains(SnapshotSql.Change) && columns.All(there.Contains) && run.Columns.All.All(columns.Contains);
    }

    private void CountKeyless(SnapshotSql sql, IReadOnlyList<string> columns, CancellationToken cancel)
    {
        var values = new string?[run.Columns.Mapped.Count];
        using var rows = session.Query(sql.Keyless, cancel);
        while (rows.Read())
        {
            Values(rows, 0, columns, values);
            run.CountKeyless(values);
        }
    }

    private async Task StageInvalidAsync(SnapshotSql sql, IReadOnlyList<string> columns, CancellationToken cancel)
    {
        var values = new string?[run.Columns.Mapped.Count];
        using var rows = session.Query(sql.Invalid, cancel);
        while (rows.Read())
        {
            Values(rows, 0, columns, values);
            await run.AddInvalidAsync(rows.Text(0), values, cancel);
        }
    }

    private async Task StageChangesAsync(SnapshotSql sql, string table, IReadOnlyList<string> columns, CancellationToken cancel)
    {
        var values = new string?[run.Columns.Mapped.Count];
        using var rows = session.Query(sql.Changes(table), cancel);
        while (rows.Read())
        {
            var action = rows.Text(0) switch
            {
                "insert" => RecordAction.Insert,
                "update" => RecordAction.Update,
                _ => RecordAction.Delete,
            };
            if (action == RecordAction.Delete)
            {
                await run.AddAsync(action, rows.Text(1)!, default, cancel); // the key says who leaves: what the ledger has under it
                continue;
            }

            Values(rows, 1, columns, values);
            await run.AddAsync(action, rows.Text(1)!, values, cancel);
        }
    }

    /// <summary>The mapped columns of a row; the key may be one of them.</summary>
    private void Values(WarehouseRows rows, int first, IReadOnlyList<string> columns, Span<string?> values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            var place = 0;
            while (columns[place] != run.Columns.Mapped[i])
            {
                place++;
            }

            values[i] = rows.Text(first + place);
        }
    }
}
