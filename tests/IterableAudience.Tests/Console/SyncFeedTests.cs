using IterableAudience.Store;
using IterableAudience.Syncs;
using IterableAudience.Tests.Syncs;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace IterableAudience.Tests.Console;

/// <summary>However many follow a sync, the store is asked once a second, and all of them see its end.</summary>
public sealed class SyncFeedTests
{
    private const int Watchers = 40;

    [Fact]
    public async Task Many_watchers_cost_one_query_a_second_and_all_see_the_end()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var sync = await SyncHost.StartAsync();
        var audience = await sync.AudienceAsync();
        sync.Gate.Close();
        var id = await audience.StartAsync(Row.Insert("1", "ada@example.com", "u-1"));
        await sync.Gate.ArrivedAsync(cancel);
        var services = sync.Host.Provider;
        var time = new FakeTimeProvider();
        var (open, queries) = (services.GetRequiredService<Func<StoreContext>>(), 0);
        var feed = new SyncFeed(() => { Interlocked.Increment(ref queries); return open(); }, services.GetRequiredService<SyncMonitor>(), time);
        var no = await NumberAsync(open, id, cancel);
        var seen = new int[Watchers];

        async Task<SyncView> WatchAsync(int watcher)
        {
            SyncView? last = null;
            await foreach (var view in feed.FollowAsync(no, audience.Connection, cancel))
            {
                Interlocked.Increment(ref seen[watcher]);
                last = view;
            }

            return last!;
        }

        var watching = Enumerable.Range(0, Watchers).Select(w => Task.Run(() => WatchAsync(w), cancel)).ToList();
        await Faults.Until.Is("all have seen it", () => seen.All(s => s == 1));
        Assert.Equal(1, queries);

        var began = time.GetTimestamp();
        await Faults.Until.Is("all have had four looks", () =>
        {
            time.Advance(TimeSpan.FromMilliseconds(100));
            return seen.All(s => s >= 4);
        });
        Assert.InRange(queries, 4, 1 + (int)time.GetElapsedTime(began).TotalSeconds);

        var before = queries;
        sync.Gate.Open();
        var ends = await Task.WhenAll(watching);

        Assert.All(ends, end => Assert.Equal(("closed", "completed"), (end.Phase, end.Outcome)));
        Assert.InRange(queries, before + 1, before + 2); // of the end, and of one who was just looking
    }

    private static async Task<long> NumberAsync(Func<StoreContext> open, string id, CancellationToken cancel)
    {
        await using var db = open();
        return await db.Syncs.Where(s => s.Id == id).Select(s => s.No).SingleAsync(cancel);
    }
}
