using IterableAudience.Store;
using IterableAudience.Syncs.Retention;
using IterableAudience.Tests.Stores;
using IterableAudience.Tests.Syncs;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Xunit;

namespace IterableAudience.Tests.Retention;

/// <summary>A service whose clock can be set ahead, with what a retention test asks of its store.</summary>
internal sealed class Keeping : IAsyncDisposable
{
    public static readonly string[] Tables = ["chunk", "verdict", "plan_part", "batch", "started", "result", "failure", "request"];

    private Keeping(SyncHost sync) => Sync = sync;

    public SyncHost Sync { get; }

    public LeanStore Store => Sync.Host.Provider.GetRequiredService<LeanStore>();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<Keeping> StartAsync(StoreKind store)
    {
        var sync = new SyncHost(store) { Clock = new() };
        await sync.InitializeAsync();
        return new(sync);
    }

    public void Pass(double days) => Sync.Clock!.Ahead += TimeSpan.FromDays(days);

    public Task<PurgeCounts> PurgeAsync() => Sync.Host.Provider.GetRequiredService<Purge>().RunAsync(Cancel);

    /// <summary>Another purge of the same store, on a clock of its own.</summary>
    public Purge Another(TimeProvider time) => new(Store, Sync.Host.Provider.GetRequiredService<IOptions<RetentionOptions>>(), time);

    public Task<string[]> DraftsAsync() => Task.FromResult<string[]>([.. Store.Read(c => c.Rows("SELECT \"Id\" FROM connection_draft", r => r.GetString(0)))]);

    public async Task<long> NumberAsync(string sync)
    {
        await using var db = Sync.Host.Provider.GetRequiredService<Func<StoreContext>>()();
        return await db.Syncs.Where(s => s.Id == sync).Select(s => s.No).SingleAsync(Cancel);
    }

    /// <summary>The tables that have rows of a sync, e.g. <c>chunk verdict</c>.</summary>
    public async Task<string> TablesOfAsync(string sync) => TablesOf(await NumberAsync(sync));

    public string TablesOf(long sync)
        => string.Join(' ', Tables.Where(t => Store.Read(c => c.Count($"SELECT count(*) FROM {t} WHERE sync = @s", ("@s", sync))) > 0));

    public long Count(string sql) => Store.Read(c => c.Count(sql));

    public ValueTask DisposeAsync() => Sync.DisposeAsync();
}
