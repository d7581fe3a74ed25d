using System.Data.Common;
using IterableAudience.Store;

namespace IterableAudience.Syncs.Ledger;

/// <summary>A sorted run of the index of holders, of one connection on a list. Once it is live it does not change any more.</summary>
/// <param name="Run">Its number: a newer one has a higher one.</param>
/// <param name="Connection">Whose entries hold.</param>
/// <param name="IsGone">It names who holds no more: what older runs say of them counts no longer. Only merging minds it; an entry too many is harmless.</param>
/// <param name="Entries">How many.</param>
internal readonly record struct HolderRun(long Run, long Connection, bool IsGone, long Entries);

/// <summary>
/// The runs that make up the index of holders. A run is written block by block, counts for nothing until it is published, and what was never published, or is
/// replaced, is swept away. All this is done by the sync that has the list, so there is no other writer, and nobody reads meanwhile.
/// </summary>
internal static class HolderRuns
{
    /// <summary>Blocks that are taken away in one transaction.</summary>
    private const int PerTransaction = 8_192;

    /// <summary>The live runs of a list, oldest first.</summary>
    public static List<HolderRun> Live(DbConnection connection, long list)
        => connection.Rows(
            "SELECT run, connection, gone, entries FROM holder_run WHERE list = @l AND live = 1 ORDER BY run",
            r => new HolderRun(r.GetInt64(0), r.GetInt64(1), r.GetInt16(2) == 1, r.GetInt64(3)),
            ("@l", list));

    /// <summary>A run of which nothing counts yet.</summary>
    public static long Begin(DbConnection write, long list, long connection, bool isGone)
        => write.Count(
            "INSERT INTO holder_run (list, connection, gone, live, entries) VALUES (@l, @c, @g, 0, 0) RETURNING run",
            ("@l", list), ("@c", connection), ("@g", isGone ? 1 : 0));

    /// <summary>Whether a run is still one that is being written.</summary>
    public static bool IsUnpublished(DbConnection connection, long run, long list, long ofConnection)
        => connection.Count(
            "SELECT count(*) FROM holder_run WHERE run = @r AND list = @l AND connection = @c AND live = 0", ("@r", run), ("@l", list), ("@c", ofConnection)) == 1;

    /// <summary>
    /// From now on runs count, and the ones that they replace do not. Durable: blocks of a run are on the disk before it, so a run that counts is whole whatever
    /// happens, and a holder that is missing is a wrong unsubscribe one day.
    /// </summary>
    public static Task PublishAsync(LeanStore store, long list, IReadOnlyCollection<HolderRun> runs, IReadOnlyCollection<HolderRun> replaced, CancellationToken cancel)
        => store.WriteAsync(
            write =>
            {
                foreach (var run in runs)
                {
                    if (write.Run(
                        "UPDATE holder_run SET live = 1, entries = @e WHERE run = @r AND list = @l AND connection = @c",
                        ("@e", run.Entries), ("@r", run.Run), ("@l", list), ("@c", run.Connection)) != 1)
                    {
                        throw new InvalidOperationException("A run of holders that is to count isn't there.");
                    }
                }

                foreach (var run in replaced)
                {
                    Replace(write, run);
                }
            },
            durable: store.MayForget,
            cancel);

    /// <summary>A run counts no longer.</summary>
    public static void Replace(DbConnection write, HolderRun run) => write.Run("UPDATE holder_run SET live = 0 WHERE run = @r", ("@r", run.Run));

    /// <summary>Takes away what does not count: call it when nothing is written that is still to be published.</summary>
    public static async Task SweepAsync(LeanStore store, long list, CancellationToken cancel)
    {
        var runs = store.Read(c => c.Rows("SELECT run FROM holder_run WHERE list = @l AND live = 0", r => r.GetInt64(0), ("@l", list)));
        foreach (var run in runs)
        {
            while (await store.WriteAsync(write => !TakeAway(write, run), durable: false, cancel))
            {
            }
        }
    }

    /// <returns>Whether nothing of it is left.</returns>
    private static bool TakeAway(DbConnection write, long run)
    {
        var next = write.Rows(
            $"SELECT first FROM holder_block WHERE run = @r ORDER BY first LIMIT 1 OFFSET {PerTransaction}", r => r.GetInt64(0), ("@r", run));
        if (next is [var first])
        {
            write.Run("DELETE FROM holder_block WHERE run = @r AND first < @f", ("@r", run), ("@f", first));
            return false;
        }

        write.Run("DELETE FROM holder_block WHERE run = @r", ("@r", run));
        write.Run("DELETE FROM holder_run WHERE run = @r", ("@r", run));
        return true;
    }
}
