using IterableAudience.Store;
using IterableAudience.Syncs;
using IterableAudience.Syncs.Nodes;
using IterableAudience.Tests.Stores;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Xunit;

namespace IterableAudience.Tests.Syncs;

/// <summary>At start the queue takes up what a former process left behind, and nothing that this one has begun.</summary>
public sealed class StartOfQueueTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_sync_posted_in_the_instant_of_the_start_is_not_taken_for_one_left_behind()
    {
        await using var sync = await SyncHost.StartAsync();
        var (former, audience) = (await sync.AudienceAsync(), await sync.AudienceAsync());
        var left = await LeaveBehindAsync(former);

        // As at a start: what was left behind has been looked for, the server listens, and the background has not come to anything yet.
        using var life = new LateLife();
        using var logs = new LogLines();
        using var queue = Queue(sync.Host.Provider, life, logs);
        await queue.StartAsync(Cancel);
        sync.Gate.Close();
        var posted = await audience.StartAsync(Row.People(2));
        await sync.Gate.ArrivedAsync(Cancel);
        life.Begin();
        Assert.Equal("aborted", (await former.EndOfAsync(left)).Outcome);

        sync.Gate.Open();
        Assert.Equal("completed", (await audience.EndOfAsync(posted)).Outcome);
        life.StopApplication();
        await queue.StopAsync(Cancel);
        Assert.Empty(logs.All); // it says whom it resumes, and who meets trouble
        Assert.Equal("subscribe 2", audience.Sent);
    }

    [Fact]
    public async Task What_was_left_behind_is_looked_for_before_the_server_listens()
    {
        await using var sync = await SyncHost.StartAsync();
        var services = sync.Host.Provider.GetServices<IHostedService>().Select(s => s.GetType().Name).ToList();
        Assert.InRange(services.IndexOf("GenericWebHostService"), services.IndexOf(nameof(SyncQueue)) + 1, services.Count);
        Assert.False(sync.Host.Provider.GetRequiredService<Microsoft.Extensions.Options.IOptions<HostOptions>>().Value.ServicesStartConcurrently);
    }

    /// <summary>A sync whose process died while its body came in.</summary>
    private static async Task<string> LeaveBehindAsync(Audience audience)
    {
        var services = audience.Host.Provider;
        await using var db = services.GetRequiredService<Func<StoreContext>>()();
        var connection = await db.Connections.SingleAsync(c => c.Id == audience.Connection, Cancel);
        return (await services.GetRequiredService<Push>().ClaimAsync(connection, new(false, false, false, null, TimeSpan.Zero), null, Cancel))!.Id;
    }

    private static SyncQueue Queue(IServiceProvider services, LateLife life, LogLines logs) => new(
        services.GetRequiredService<SyncRunner>(),
        services.GetRequiredService<IterableAudience.Syncs.Mirror.Pull>(),
        services.GetRequiredService<AbandonedSyncs>(),
        services.GetRequiredService<NodeClaims>(),
        new SyncMonitor(life, TimeProvider.System),
        TimeProvider.System,
        LoggerFactory.Create(l => l.AddProvider(logs)).CreateLogger<SyncQueue>());

    /// <summary>The life of an application in which whoever asks when it stops has to wait until it begins: so the queue's background does.</summary>
    private sealed class LateLife : IHostApplicationLifetime, IDisposable
    {
        private readonly ManualResetEventSlim _begun = new();
        private readonly CancellationTokenSource _stopping = new();

        public CancellationToken ApplicationStarted => CancellationToken.None;

        public CancellationToken ApplicationStopped => CancellationToken.None;

        public CancellationToken ApplicationStopping
        {
            get
            {
                _begun.Wait(Cancel);
                return _stopping.Token;
            }
        }

        public void Begin() => _begun.Set();

        public void StopApplication() => _stopping.Cancel();

        public void Dispose()
        {
            _begun.Set();
            _begun.Dispose();
            _stopping.Dispose();
        }
    }
}
