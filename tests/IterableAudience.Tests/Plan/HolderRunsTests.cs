using IterableAudience.Store;
using IterableAudience.Syncs.Ledger;
using IterableAudience.Tests.Stores;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace IterableAudience.Tests.Plan;

/// <summary>The index of holders: whoever came and has not gone is found, whatever was merged, swept or broken off in between.</summary>
public sealed class HolderRunsTests : IAsyncDisposable
{
    private const long List = 7;

    private TestHost? _host;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        if (_host is not null)
            await _host.DisposeAsync();
    }

    [Theory]
    [StoreData(1)]
    [StoreData(2)]
    [StoreData(3)]
    public async Task After_any_syncs_those_who_hold_are_found_and_few_others(StoreKind kind, int seed)
    {
        var store = Open(kind);
        var random = new Random(seed);
        var truth = new HashSet<(long Hash, long Connection, long KeyHash)>();
        for (var sync = 0; sync < 40; sync++)
        {
            var connection = random.Next(3) == 0 ? 2L : 1L;
            var gone = truth.Where(t => t.Connection == connection && random.Next(8) == 0).ToList();
            var came = Enumerable.Range(0, random.Next(4) == 0 ? random.Next(4_000) : random.Next(40)).Select(_ => (Hash(random), connection, random.NextInt64(1, 500))).ToList();
            await SyncAsync(store, connection, came.Except(gone).Select(c => (c.Item1, c.Item3)), gone.Select(g => (g.Hash, g.KeyHash)));
            truth.ExceptWith(gone);
            truth.UnionWith(came.Except(gone));

            if (sync % 6 == 5)
                Check(store, truth, random);
        }

        Check(store, truth, random);
        Assert.InRange(store.Read(c => HolderRuns.Live(c, List)).Count, 1, 40);
        Assert.Equal(0, store.Read(c => c.Count("SELECT count(*) FROM holder_run WHERE live = 0")));
        Assert.Equal(
            store.Read(c => c.Count("SELECT count(DISTINCT run) FROM holder_block")), store.Read(c => c.Count("SELECT count(*) FROM holder_run")));
    }

    [Theory]
    [StoreData]
    public async Task One_hash_of_very_many_keys_and_the_ends_of_the_range_are_found(StoreKind kind)
    {
        var store = Open(kind);
        List<(long, long)> entries = [.. Enumerable.Range(0, 1_000).Select(k => (42L, (long)k)), (long.MinValue, 1), (long.MaxValue, 2), (41, 3), (43, 4), (0x7FFF, 5)];
        await SyncAsync(store, 1, entries, []);
        using var connection = store.OpenRead();
        using var index = new HolderIndex(connection, List);
        foreach (var hash in entries.Select(e => e.Item1).Distinct().Append(44).Append(-1))
            Assert.Equal(entries.Where(e => e.Item1 == hash).Select(e => (1L, e.Item2)), [.. index.Find(hash)]);
        foreach (var (asked, expected) in new[] { ([42L], 1_000), ([long.MinValue, long.MaxValue, 42], 1_002), ([44, -1], 0), (new long[] { 41, 43 }, 2) })
        {
            if (kind == StoreKind.PostgreSql)
                Assert.Equal(expected, index.FindAll(asked).Count);
        }
    }

    [Theory]
    [StoreData]
    public async Task A_run_counts_when_it_is_published_and_what_never_was_is_swept_away(StoreKind kind)
    {
        var store = Open(kind);
        await SyncAsync(store, 1, [(5, 1)], []);
        var broken = new HolderInserts(store, List, 1);
        for (var i = 0; i < 20_000; i++)
            broken.Add(i, i);
        Assert.True(await broken.FinishAsync(Cancel));

        Assert.Equal([(5, 1, 1)], store.Read(c => HolderView.Read(c, List)));
        await HolderRuns.SweepAsync(store, List, Cancel);
        Assert.Equal([(5, 1, 1)], store.Read(c => HolderView.Read(c, List)));
        Assert.Equal(1, store.Read(c => c.Count("SELECT count(*) FROM holder_block")));
        Assert.Equal(1, store.Read(c => c.Count("SELECT count(*) FROM holder_run")));
    }

    [Theory]
    [StoreData]
    public async Task A_writer_that_was_left_behind_writes_into_no_run_of_another_and_what_is_not_there_is_not_published(StoreKind kind)
    {
        var store = Open(kind);
        var left = new HolderRunWriter(store, List, 1, isGone: false);
        for (var i = 0; i < 100; i++)
            left.Add(2 * i, 1);
        await left.WriteAsync(Cancel);
        await HolderRuns.SweepAsync(store, List, Cancel); // its sync is worked on anew
        var next = new HolderRunWriter(store, List, 1, isGone: false);
        for (var i = 0; i < 100; i++)
            next.Add((2 * i) + 1, 2);
        var run = (await next.FinishAsync(Cancel))!.Value;

        await Assert.ThrowsAsync<InvalidOperationException>(() => left.FinishAsync(Cancel));
        await HolderRuns.PublishAsync(store, List, [run], [], Cancel);
        await Assert.ThrowsAsync<InvalidOperationException>(() => HolderRuns.PublishAsync(store, List, [run with { Run = run.Run + 7 }], [], Cancel));
        Assert.Equal(Enumerable.Range(0, 100).Select(i => ((2L * i) + 1, 1L, 2L)), store.Read(c => HolderView.Read(c, List)).Order());
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("1 1 1 1 1", 0)]
    [InlineData("1 1 1 1 1 1", 6)]
    [InlineData("2000000 1 1 1 1 1 1", 6)] // the large one stays as it is
    [InlineData("2000000 1 1 1 1 1", 0)]
    [InlineData("9000 9000 9000 9000 9000 1 1 1 1 1 1", 6)] // together still one of the smallest
    [InlineData("9000 9000 9000 9000 9000 2000 2000 2000 2000 2000 2000", 11)] // together one more of the larger
    [InlineData("500000 500000 500000 500000", 0)] // a million's first push is left as it is
    [InlineData("1 1 1 1 1 500000", 0)]
    [InlineData("500000 1 1 500000 1 1 500000 1 1 500000 1 1 500000 1 1 500000", 16)] // small ones behind large ones don't stay for ever
    public void Runs_of_like_size_are_merged_newest_first(string sizes, int merged)
        => Assert.Equal(merged, HolderCompaction.HowMany([.. sizes.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(long.Parse)]));

    [Fact]
    public void Many_syncs_leave_few_runs_and_write_each_entry_a_few_times()
    {
        var random = new Random(4);
        List<long> runs = [2_000_000];
        var (written, came) = (0L, 0L);
        for (var sync = 0; sync < 3_000; sync++)
        {
            runs.Add(random.Next(1, 5_000));
            came += runs[^1];
            if (HolderCompaction.HowMany(runs) is var count and > 0)
            {
                var together = runs.TakeLast(count).Sum();
                written += together;
                runs.RemoveRange(runs.Count - count, count);
                runs.Add(together);
            }

            Assert.True(runs.Count <= 30, $"{runs.Count} runs after {sync} syncs: {string.Join(' ', runs)}");
        }

        Assert.InRange(written, came, came * 6);
    }

    [Fact]
    public void A_block_of_another_version_is_refused()
    {
        byte[] block = new byte[HolderBlock.HeadSize + HolderBlock.EntrySize];
        Assert.Throws<InvalidDataException>(() => HolderBlock.Count(block));
        HolderBlock.WriteHead(block);
        Assert.Equal(1, HolderBlock.Count(block));
        Assert.Throws<InvalidDataException>(() => HolderBlock.Count(block.AsSpan(1)));
    }

    private static async Task SyncAsync(LeanStore store, long connection, IEnumerable<(long, long)> came, IEnumerable<(long, long)> gone)
    {
        HolderInserts inserts = new(store, List, connection), removals = new(store, List, connection, isGone: true);
        foreach (var (hash, key) in came)
            inserts.Add(hash, key);
        foreach (var (hash, key) in gone)
            removals.Add(hash, key);
        Assert.True(await inserts.FinishAsync(Cancel));
        Assert.True(await removals.FinishAsync(Cancel));
        await HolderRuns.PublishAsync(store, List, [.. inserts.Runs, .. removals.Runs], [], Cancel);
        await new HolderCompaction(store, List, connection).RunAsync(Cancel);
        await HolderRuns.SweepAsync(store, List, Cancel);
    }

    private static void Check(LeanStore store, HashSet<(long Hash, long Connection, long KeyHash)> truth, Random random)
    {
        using var connection = store.OpenRead();
        Assert.Equal(truth.Order(), HolderView.Read(connection, List).Order());

        using var index = new HolderIndex(connection, List);
        var byHash = truth.ToLookup(t => t.Hash, t => (t.Connection, t.KeyHash));
        var asked = Enumerable.Range(0, 200).Select(_ => Hash(random)).Concat(truth.Select(t => t.Hash).Where(_ => random.Next(20) == 0)).Where(h => h != 0).Distinct().ToList();
        foreach (var hash in asked)
            Assert.Subset(index.Find(hash).ToHashSet(), byHash[hash].ToHashSet());
        if (connection.IsRemote())
        {
            foreach (var some in new[] { asked, asked[..3], [.. asked.Order().Take(30)], [.. asked.Order().Skip(100).Take(20)] })
                Assert.Equal(some.Distinct().Order().SelectMany(h => index.Find(h).Select(f => (h, f.Connection, f.KeyHash))), index.FindAll(some));
        }
    }

    /// <summary>Few enough that they meet, over the whole range.</summary>
    private static long Hash(Random random) => (random.NextInt64(3_000) + 1) * 0x0019_9999_9999_9999 * (random.Next(2) == 0 ? 1 : -1);

    private LeanStore Open(StoreKind kind)
    {
        _host = new TestHost(kind);
        return _host.Provider.GetRequiredService<LeanStore>();
    }
}
