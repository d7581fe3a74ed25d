using System.Net;
using System.Net.Sockets;
using IterableAudience.Simulator.Api;
using IterableAudience.Simulator.Faults;
using IterableAudience.Store;
using IterableAudience.Syncs;
using IterableAudience.Tests.Stores;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Xunit;

namespace IterableAudience.Tests.Syncs;

/// <summary>A sync that was interrupted goes on from what is stored, whatever interrupted it and wherever.</summary>
public sealed class ResumedTests : IAsyncDisposable
{
    private const string Strict = """, "syncSettings":{"guard":{"enabled":true,"maxRemovalPercent":50,"minRemovals":2}}""";

    private readonly WatchedStore.Watch _watch = new();
    private SyncHost _sync = null!;
    private int _left;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private LeanStore Store => _sync.Host.Provider.GetRequiredService<LeanStore>();

    private async Task StartAsync(StoreKind store)
    {
        _sync = new SyncHost(store);
        _watch.Begin(_sync);
        await _sync.InitializeAsync();
    }

    [Theory]
    [StoreData]
    public async Task While_the_name_of_the_server_can_not_be_resolved_a_sync_pauses(StoreKind store)
    {
        await StartAsync(store);
        var audience = await _sync.AudienceAsync();
        FailWhileSending(1, new SocketException((int)SocketError.HostNotFound));
        var ended = await audience.PushAsync(Row.People(2));
        Assert.Equal(("completed", "subscribed 2"), (ended.Outcome, ended.Outcomes));
        Assert.Contains(_sync.Host.Logs.Warnings, l => l.Contains("The sync pauses", StringComparison.Ordinal));
    }

    /// <summary>On a shared store; an embedded one has it done by the next start.</summary>
    [Theory]
    [StoreData(Only = StoreKind.PostgreSql)]
    public async Task A_sync_whose_own_end_met_a_fault_of_the_service_is_begun_again(StoreKind store)
    {
        await StartAsync(store);
        var audience = await _sync.AudienceAsync();
        FailWhileSending(2, new NotSupportedException("A trap.")); // once in the sync, and once when it is to end because of that
        var ended = await audience.EndOfAsync(await audience.StartAsync(Row.People(2)));
        Assert.Equal(0, _left);
        Assert.Equal(("completed", "subscribed 2"), (ended.Outcome, ended.Outcomes));
    }

    [Theory]
    [StoreData]
    public async Task A_push_whose_last_commit_was_made_and_whose_answer_was_lost_is_run(StoreKind store)
    {
        await StartAsync(store);
        var audience = await _sync.AudienceAsync();
        var monitor = _sync.Host.Provider.GetRequiredService<SyncMonitor>();
        _left = 1;
        _watch.Around = async (sync, durable, write) =>
        {
            var ends = durable && monitor.Find(sync)?.Phase == SyncPhase.Queued;
            await write();
            if (ends && Interlocked.Decrement(ref _left) == 0)
                throw new TimeoutException("No answer.");
        };
        Assert.True((await audience.SendAsync(Audience.Body(Row.People(2)))).Status >= HttpStatusCode.InternalServerError);
        var id = (string)(await audience.Host.GetAsync($"{audience.Url}/syncs", "viewer")).Json["syncs"]![0]!["id"]!;
        var ended = await audience.EndOfAsync(id);
        Assert.Equal(("completed", "subscribed 2"), (ended.Outcome, ended.Outcomes));
        Assert.Equal(2, await audience.LedgerAsync());
    }

    [Theory]
    [StoreData]
    public async Task An_approved_plan_that_is_half_sent_goes_on_although_the_ledger_has_moved(StoreKind store)
    {
        await StartAsync(store);
        var audience = await _sync.AudienceAsync(more: Strict);
        await audience.PushAsync(Row.People(4));
        var held = await audience.PushAsync(Row.Leavers(3));

        // Meanwhile somebody deletes another connection of the list: that moves the ledger, and nothing that this plan rests on.
        var other = await audience.SiblingAsync();
        FailWhileSending(1, new TimeoutException("No answer."), async () => (await _sync.Host.DeleteAsync(other.Url)).ShouldBe(HttpStatusCode.NoContent));
        var ended = await audience.ApprovedAsync(held);

        Assert.Equal(0, _left);
        Assert.Equal(("completed", "unsubscribed 3"), (ended.Outcome, ended.Outcomes));
        Assert.Equal(("p4@example.com/p4", 1), (audience.Members, await audience.LedgerAsync()));
    }

    [Theory]
    [StoreData]
    public async Task Whoever_came_with_the_half_of_a_batch_that_a_stop_let_through_can_be_taken_off_again(StoreKind store)
    {
        _sync = new SyncHost(store);
        using var second = new Second();
        var others = _sync.Host.Services!;
        _sync.Host.Services = services =>
        {
            others(services);
            services.AddHttpClient("IterableClient").AddHttpMessageHandler(() => second);
        };
        await _sync.InitializeAsync();
        var audience = await _sync.AudienceAsync();
        audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 400, On = new() { Kind = CallKind.Subscribe } });
        second.Answered = () =>
        {
            // The batch was refused, one half of it is through, and the other one is not sent any more; nor later, for somebody cancels the sync.
            _sync.Host.Provider.GetRequiredService<IHostApplicationLifetime>().StopApplication();
            return Store.WriteAsync(write => write.Run("""UPDATE sync SET "CancelRequested" = TRUE WHERE "Active" """), durable: true, CancellationToken.None);
        };
        var id = await audience.StartAsync(Row.People(2));
        await second.Done;
        await _sync.Host.StopAsync();
        Assert.Single(audience.Project.Members(audience.List));

        await using var later = new SyncHost(store);
        await later.InitializeAsync();
        later.Host.On(_sync.Host);
        foreach (var name in new[] { "Iterable:BaseUrls:US", "Iterable:BaseUrls:EU" })
            later.Host.Settings[name] = _sync.Host.Settings[name];
        var again = audience with { Sync = later };
        Assert.Equal("cancelled", (await again.EndOfAsync(id)).Outcome);
        await again.PushAsync(Row.Leavers(2));
        Assert.Equal("", audience.Members);
    }

    public ValueTask DisposeAsync() => _sync.DisposeAsync();

    /// <summary>So many writes fail, from the first one on of a sync that is stored as sending.</summary>
    private void FailWhileSending(int times, Exception exception, Func<Task>? before = null)
    {
        var store = Store;
        _left = times;
        _watch.Around = async (sync, _, write) =>
        {
            if (sync != 0 && Volatile.Read(ref _left) > 0
                && store.Read(c => c.Count("""SELECT count(*) FROM sync WHERE "No" = @s AND "Phase" = @p""", ("@s", sync), ("@p", (int)SyncPhase.Sending))) > 0
                && Interlocked.Decrement(ref _left) >= 0)
            {
                if (before is not null)
                    await before();
                throw exception;
            }

            await write();
        };
    }

    /// <summary>Tells when Iterable has answered its second subscribe, before the service gets to know.</summary>
    private sealed class Second : DelegatingHandler
    {
        private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _answers;

        public Func<Task> Answered { get; set; } = () => Task.CompletedTask;

        public Task Done => _done.Task;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var answer = await base.SendAsync(request, cancellationToken);
            if (request.RequestUri!.AbsolutePath.EndsWith("lists/subscribe", StringComparison.Ordinal) && Interlocked.Increment(ref _answers) == 2)
            {
                await Answered();
                _done.SetResult();
            }

            return answer;
        }
    }
}
