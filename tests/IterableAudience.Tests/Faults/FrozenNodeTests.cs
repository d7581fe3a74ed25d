using System.Data.Common;
using IterableAudience.Store;
using IterableAudience.Tests.Stores;
using Xunit;

namespace IterableAudience.Tests.Faults;

/// <summary>
/// As <see cref="TakeoverMatrixTests"/>, but the node is frozen in the middle of a step and wakes when the other one has ended its sync: with all that it had
/// read in memory it goes on with that step, and not one byte of it reaches the store.
/// </summary>
public sealed class FrozenNodeTests : MatrixTest
{
    private const string Now = "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)";

    [PostgresFact]
    public async Task A_node_that_froze_while_planning_and_wakes_after_the_takeover_writes_nothing()
    {
        var (first, second, killed) = await BegunAsync();
        var reading = StopReading(first, "member"); // the ledger, which the plan looks at
        var sync = await first.PushAsync(killed, Changes);
        await FrozenAsync(first, second, killed, sync, reading, "member", "planning");
    }

    [PostgresFact]
    public async Task A_node_that_froze_while_closing_and_wakes_after_the_takeover_writes_nothing()
    {
        var (first, second, killed) = await BegunAsync();
        first.World.Behaviour = first.World.Behaviour with { DelayMs = 100 };
        var sync = await first.PushAsync(killed, Changes);
        await first.SyncUntilAsync(killed, sync, s => (string)s["phase"]! == "sending");
        var reading = StopReading(first, "retry"); // what is kept of earlier syncs: looked at when all else of the close is done
        await FrozenAsync(first, second, killed, sync, reading, "retry", "closing");
    }

    private static async Task FrozenAsync(Site first, Site second, Audience killed, string sync, DbConnection reading, string table, string phase)
    {
        await using (reading)
        {
            await Until.Is($"the node reads {table}", () => Waiting(reading, table));
            await Until.AsyncIs("the other node is told", () => second.GetSyncAsync(killed, sync), s => (string)s["phase"]! == phase);
            first.Service.Freeze();
        }

        first.World.Behaviour = first.World.Behaviour with { DelayMs = 0 };
        await EndsLikeACalmOneAsync(second, killed, sync, sentAgain: 0);
        var (calls, contents, ledger) = (second.World.Log.Entries.Count, Contents(second), second.Ledger(killed));

        // Nobody tells it what it has lost: it can't renew its lease yet, so it goes on until the store refuses what it writes.
        await using (var lease = second.OpenStore())
        {
            lease.Run("BEGIN");
            Assert.Single(lease.Rows($"SELECT 1 FROM node WHERE \"Until\" < {Now} FOR UPDATE", r => r.GetInt32(0)));
            first.Service.Wake();
            await Until.Is("the node is told", () => first.Service.OutputText.Contains("is another node's by now", StringComparison.Ordinal));
            Assert.Equal(contents, Contents(second));
        }

        await Until.Is("the node has its lease again", () => NodesAlive(second) == 2);
        Assert.Equal(calls, second.World.Log.Entries.Count);
        Assert.Equal(contents, Contents(second));
        Assert.Equal(ledger, second.Ledger(killed));

        // It has kept nothing of the lost sync that would be in the way of its next one.
        Assert.Equal("completed", (string)(await first.SyncAsync(killed, new Rows().Delete(6_000, 10)))["outcome"]!);
    }

    /// <summary>From here on whoever reads a table waits, until the connection is closed.</summary>
    private static DbConnection StopReading(Site site, string table)
    {
        var connection = site.OpenStore();
        connection.Run("BEGIN");
        connection.Run($"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE");
        return connection;
    }

    private static bool Waiting(DbConnection store, string table)
        => store.Count($"SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = '{table}'::regclass") > 0;

    private static long NodesAlive(Site site)
    {
        using var store = site.OpenStore();
        return store.Count($"SELECT count(*) FROM node WHERE \"Until\" > {Now}");
    }

    /// <summary>A print of every table, but for what nodes write while they live: their leases, and Quartz's check-ins.</summary>
    private static List<string> Contents(Site site)
    {
        using var store = site.OpenStore();
        var tables = store.Rows("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_name <> 'node' AND table_name NOT LIKE 'qrtz%' ORDER BY 1", r => r.GetString(0));
        return tables.ConvertAll(t => t + " " + store.Rows($"""SELECT coalesce(md5(string_agg(r::text, '' ORDER BY r::text)), '') FROM "{t}" r""", r => r.GetString(0))[0]);
    }

    /// <summary>Two nodes with room for as many requests in all as one has elsewhere; a node is dead to the other after two and a half attempts.</summary>
    private async Task<(Site First, Site Second, Audience Killed)> BegunAsync()
    {
        var first = await SiteAsync(StoreKind.PostgreSql, ("Iterable__MaxInFlight", $"{2 * InFlight}"), ("Iterable__AttemptTimeout", "00:00:02"));
        var killed = await first.AudienceAsync("killed");
        await first.SyncAsync(killed, Before);
        return (first, Own(await first.NodeAsync()), killed);
    }
}
