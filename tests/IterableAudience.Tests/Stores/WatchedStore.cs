using System.Data.Common;
using IterableAudience.Store;
using IterableAudience.Tests.Syncs;
using Microsoft.Extensions.DependencyInjection;

namespace IterableAudience.Tests.Stores;

/// <summary>What happens around a write: it can be held up, fail, or be made and its answer be lost.</summary>
/// <param name="sync">Number of the claimed sync that writes; 0 for writes without a claim.</param>
/// <param name="durable">Whether it is to be on the disk.</param>
/// <param name="write">Makes it.</param>
internal delegate Task AroundWrite(long sync, bool durable, Func<Task> write);

/// <summary>The store of a service, with a test around its writes.</summary>
internal sealed class WatchedStore(LeanStore store, WatchedStore.Watch watch, long sync = 0) : LeanStore
{
    public override string? Trouble => store.Trouble;

    public override bool MayForget => store.MayForget;

    public override async Task<T> WriteAsync<T>(Func<DbConnection, T> work, bool durable, CancellationToken cancel)
    {
        T result = default!;
        await watch.Around(sync, durable, async () => result = await store.WriteAsync(work, durable, cancel));
        return result;
    }

    public override DbConnection OpenRead() => store.OpenRead();

    public override LeanStore For(SyncClaim claim) => new WatchedStore(store.For(claim), watch, claim.Sync);

    /// <summary>What a test does around the writes of a service; it may be changed at any time.</summary>
    internal sealed class Watch
    {
        public AroundWrite Around { get; set; } = (_, _, write) => write();

        /// <summary>Stands before the store of a service, which has not started yet.</summary>
        public void Begin(SyncHost sync)
        {
            var others = sync.Host.Services!;
            sync.Host.Services = services =>
            {
                others(services);
                var own = services.Last(d => d.ServiceType == typeof(LeanStore));
                services.AddSingleton<LeanStore>(s => new WatchedStore(
                    (LeanStore)(own.ImplementationFactory?.Invoke(s) ?? ActivatorUtilities.CreateInstance(s, own.ImplementationType!)), this));
            };
        }
    }
}
