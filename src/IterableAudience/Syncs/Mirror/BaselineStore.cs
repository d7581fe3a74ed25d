using System.Data.Common;
using System.Text.Json;
using IterableAudience.Hosting;
using IterableAudience.Store;

namespace IterableAudience.Syncs.Mirror;

/// <summary>Where baselines are kept: what a sync has read is put beside the baseline, and takes its place when the sync has come to its end.</summary>
internal static class BaselineStore
{
    private static readonly BulkSql Insert = new(
        "INSERT INTO baseline_part (connection, part, sync, live, blob) VALUES (?1, ?3, ?2, 0, ?4)",
        "INSERT INTO baseline_part (connection, part, sync, live, blob) SELECT @p1, p, @p2, 0, b FROM unnest(@p3, @p4) AS v (p, b)",
        RowPlaces: 3);

    /// <summary>A slice of the baseline and the sync that wrote it; empty where there is none.</summary>
    public static (byte[] Blob, long Sync) Part(DbConnection read, long connection, int part)
        => read.Rows(
            "SELECT blob, sync FROM baseline_part WHERE connection = @c AND part = @p AND live = 1", r => (r.Blob(0), r.GetInt64(1)), ("@c", connection), ("@p", part))
            .FirstOrDefault(([], 0));

    /// <summary>Puts slices beside the baseline.</summary>
    /// <param name="write">The transaction.</param>
    /// <param name="connection">Whose baseline.</param>
    /// <param name="sync">That has read them.</param>
    /// <param name="blobs">One behind the other.</param>
    /// <param name="places">Where each is.</param>
    public static void Add(DbConnection write, long connection, long sync, ReadOnlySpan<byte> blobs, IReadOnlyList<(int Part, Range Place)> places)
    {
        using var insert = BulkStatement.Of(write, Insert).Bind(1, connection).Bind(2, sync);
        foreach (var (part, place) in places)
        {
            insert.Bind(3, part).Bind(4, blobs[place]).Run();
        }

        insert.Finish();
    }

    /// <summary>Removes what a sync has put beside the baseline.</summary>
    public static void Drop(DbConnection write, long connection, long sync)
    {
        write.Run("DELETE FROM baseline_part WHERE connection = @c AND sync = @s AND live = 0", ("@c", connection), ("@s", sync));
        write.Run("""DELETE FROM source_run WHERE "SyncNo" = @s""", ("@s", sync));
    }

    /// <summary>Removes all that is kept of a connection's source.</summary>
    public static void Forget(DbConnection write, long connection)
    {
        write.Run("""DELETE FROM baseline WHERE "ConnectionNo" = @c""", ("@c", connection));
        write.Run("""DELETE FROM source_run WHERE "ConnectionNo" = @c""", ("@c", connection));
        write.Run("DELETE FROM baseline_part WHERE connection = @c", ("@c", connection));
    }

    /// <summary>Notes what a sync has read its source with.</summary>
    public static void Note(DbConnection write, SourceRun run)
        => write.Run(
            """
            INSERT INTO source_run ("SyncNo", "ConnectionNo", "Way", "ReadAsJson", "Nameless", "SnapshotTable", "SnapshotColumnsJson")
            VALUES (@s, @c, @w, @r, @n, @t, @j)
            """,
            ("@s", run.SyncNo), ("@c", run.ConnectionNo), ("@w", (short)run.Way), ("@r", run.ReadAsJson), ("@n", run.Nameless),
            ("@t", run.SnapshotTable), ("@j", run.SnapshotColumnsJson));

    public static string Json<T>(T value) => JsonSerializer.Serialize(value, JsonSetup.Options);

    public static T Read<T>(string json) => JsonSerializer.Deserialize<T>(json, JsonSetup.Options)!;
}
