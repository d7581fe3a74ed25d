using System.Collections.Concurrent;
using IterableAudience.Store;
using IterableAudience.Syncs;
using IterableAudience.Syncs.Plan;
using IterableAudience.Tests.Stores;
using IterableAudience.Tests.Syncs;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace IterableAudience.Tests.Plan;

/// <summary>Syncs are planned side by side: none waits for another one's plan, and together they take no more connections than there are turns.</summary>
public sealed class PlanTurnsTests : IAsyncDisposable
{
    private readonly WatchedStore.Watch _watch = new();
    private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private SyncHost _sync = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private async Task StartAsync(StoreKind store)
    {
        _sync = new SyncHost(store);
        _watch.Begin(_sync);
        await _sync.InitializeAsync();
    }

    [Theory]
    [StoreData]
    public async Task Small_syncs_end_while_more_large_ones_than_there_are_turns_are_in_the_middle_of_their_plans(StoreKind store)
    {
        await StartAsync(store);
        List<Audience> audiences = [];
        for (var i = 0; i < PlanTurns.AtOnce + 4; i++)
            audiences.Add(await _sync.AudienceAsync());

        // Of each sync that comes now, what planning writes of its first slice takes its time: the third write after the claim of its list.
        var writes = new ConcurrentDictionary<long, int>();
        var monitor = _sync.Host.Provider.GetRequiredService<SyncMonitor>();
        using var held = new SemaphoreSlim(0);
        var slow = true;
        _watch.Around = async (sync, _, write) =>
        {
            if (Volatile.Read(ref slow) && monitor.Find(sync)?.Phase == SyncPhase.Planning && writes.AddOrUpdate(sync, 1, (_, n) => n + 1) > 2)
            {
                held.Release();
                await _end.Task;
            }

            await write();
        };
        var large = new List<string>();
        foreach (var audience in audiences.SkipLast(2))
        {
            large.Add(await audience.StartAsync(Row.People(3)));
            await held.WaitAsync(Cancel);
        }

        Volatile.Write(ref slow, false);
        Assert.All(await Task.WhenAll(audiences.TakeLast(2).Select(a => a.PushAsync(Row.People(2)))), ended => Assert.Equal("completed", ended.Outcome));

        foreach (var (audience, id) in audiences.Zip(large))
            Assert.Equal("planning", (await audience.GetAsync(id)).Phase);
        _end.SetResult();
        foreach (var (audience, id) in audiences.Zip(large))
            Assert.Equal("subscribed 3", (await audience.EndOfAsync(id)).Outcomes);
    }

    [Fact]
    public async Task Whoever_comes_waits_for_a_slice_and_not_for_a_plan_and_there_are_never_more_than_the_turns()
    {
        await StartAsync(StoreKind.Sqlite);
        var store = _sync.Host.Provider.GetRequiredService<LeanStore>();
        var turns = new PlanTurns(_sync.Host.Provider.GetRequiredService<KeyedHash>());
        using var began = new BlockingCollection<string>();
        using var ends = new SemaphoreSlim(0);

        // Long plans, each of which asks for its next slice when the last one is done; then somebody with one slice.
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var plans = Enumerable.Range(0, PlanTurns.AtOnce + 2).Select(i => PlanAsync($"long {i}")).ToList();
        var first = Enumerable.Range(0, PlanTurns.AtOnce).Select(_ => began.Take(Cancel)).ToList();
        Assert.Equal(PlanTurns.AtOnce, first.Distinct().Count());
        var small = SliceAsync("small");
        Assert.Empty(began);

        // Two long ones have come before it.
        List<string> next = [];
        for (var i = 0; i < 3; i++)
        {
            ends.Release();
            next.Add(began.Take(Cancel));
        }

        Assert.Equal("small", next[2]);
        Assert.Equal(2, next.Take(2).Except(first).Count());
        await enough.CancelAsync();
        ends.Release(100);
        await Task.WhenAll([small, .. plans]);

        async Task PlanAsync(string name)
        {
            while (!enough.IsCancellationRequested)
                await SliceAsync(name);
        }

        async Task SliceAsync(string name)
            => await turns.TakeAsync(
                store,
                _ =>
                {
                    began.Add(name, Cancel);
                    ends.Wait(Cancel);
                    return true;
                },
                Cancel);
    }

    public ValueTask DisposeAsync()
    {
        _end.TrySetResult();
        return _sync.DisposeAsync();
    }
}
