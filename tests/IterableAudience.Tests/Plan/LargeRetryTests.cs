using IterableAudience.Records;
using IterableAudience.Store;
using IterableAudience.Syncs;
using IterableAudience.Syncs.Retry;
using IterableAudience.Syncs.Send;
using IterableAudience.Syncs.Staging;
using IterableAudience.Tests.Stores;
using Xunit;

namespace IterableAudience.Tests.Plan;

/// <summary>More failures than one slice may have: they are kept and planned slice by slice, however small the sync that tries them.</summary>
public sealed class LargeRetryTests
{
    private const int Rows = 40_000;

    [Theory]
    [StoreData]
    public async Task A_small_sync_tries_many_failures_in_slices(StoreKind store)
    {
        await using var host = new ScenarioHost(store);
        var (id, list) = host.Iterable.Add();
        var connection = await host.ConnectAsync(ProjectType.Hybrid, 0, id);
        var (connectionNo, listNo) = await host.NumbersAsync(connection);
        list.Fail(Enumerable.Repeat(Fault.KeyRefused, 3)); // two more batches are under way by then
        var aborted = await host.PushAsync(connection, Enumerable.Range(0, Rows).Select(n => Line("insert", n)));
        Assert.Equal(("aborted", Rows), ((string?)aborted["outcome"], (long)aborted["report"]!["outcomes"]!["not_sent"]!));
        Assert.Equal(Rows, RetrySet.Count(host.Store, connectionNo));
        await CheckKeptTwiceIsKeptOnceAsync(host, connectionNo);

        // Half of it gets through, then the key is refused again. One row is deleted meanwhile, one comes anew.
        list.Fail([.. Enumerable.Repeat(Fault.None, 20), .. Enumerable.Repeat(Fault.KeyRefused, 3)]);
        var half = await host.PushAsync(connection, [Line("delete", 7), Line("update", 8), Line("insert", Rows)]);
        Assert.Equal("aborted", (string?)half["outcome"]);
        Assert.Equal((Rows - 2, Rows + 1), ((long)half["report"]!["received"]!["retried"]!, (long)half["report"]!["received"]!["total"]!));
        Assert.Equal(Rows + 1, half["report"]!["outcomes"]!.AsObject().Sum(o => (long)o.Value!));
        Assert.Equal(Stager.LargePartitions, host.Store.Read(c => c.Count("SELECT \"Partitions\" FROM sync ORDER BY \"No\" DESC LIMIT 1")));
        var left = (long)half["report"]!["outcomes"]!["not_sent"]!;
        Assert.Equal((Rows + 1 - 18_001, left), (left, RetrySet.Count(host.Store, connectionNo))); // the delete takes two requests: by userId, then by e-mail

        list.Fail([]);
        var done = await host.PushAsync(connection, []);
        Assert.Equal(("completed", left, left), ((string?)done["outcome"], (long)done["report"]!["received"]!["retried"]!, (long)done["report"]!["outcomes"]!["subscribed"]!));
        Assert.Equal(Rows, list.Users.Count(u => u.IsMember));
        var ledger = LedgerView.Read(host.Store, listNo);
        ledger.CheckDerived(host.Hash);
        Assert.Equal(Rows, ledger.Entries.Count);
        Assert.Equal(0, RetrySet.Count(host.Store, connectionNo));
        Assert.Equal(0, (long)(await host.PushAsync(connection, []))["report"]!["received"]!["total"]!);
    }

    /// <summary>A close that is cut off is done again from its start.</summary>
    private static async Task CheckKeptTwiceIsKeptOnceAsync(ScenarioHost host, long connection)
    {
        List<string> Kept() => host.Store.Read(c => c.Rows(
            "SELECT part, sync, seq, records, blob FROM retry WHERE connection = @c ORDER BY part, sync, seq",
            r => $"{r.GetInt32(0)} {r.GetInt64(1)} {r.GetInt32(2)} {r.GetInt32(3)} {Convert.ToHexString(r.Blob(4))}", ("@c", connection)));
        var before = Kept();
        Assert.True(before.Count > 200, "It is not kept in slices.");
        var sync = await host.LastSyncAsync(connection);
        await new RetryKeeper(host.Store, host.Hash, new BatchStore(host.Store, sync.No, sync.PlanSyncNo), sync)
            .KeepAsync(SyncCloser.Unsent(SyncOutcome.Aborted), TestContext.Current.CancellationToken);
        Assert.Equal(before, Kept());
    }

    private static string Line(string action, int n) => new PushedRecord(action, $"{n}", action == "delete" ? null : $"e{n}@example.com", action == "delete" ? null : $"u{n}").Line();
}
