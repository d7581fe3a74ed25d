using IterableAudience.Tests.Stores;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace IterableAudience.Tests.Syncs;

/// <summary>A fault of the service itself, here a handler that throws what nobody expects: the sync still ends, and nothing is called done.</summary>
public sealed class FaultOfItsOwnTests : IAsyncDisposable
{
    private SyncHost _sync = null!;
    private readonly Trap _trap = new();

    private async Task StartAsync(StoreKind store)
    {
        _sync = new SyncHost(store);
        var others = _sync.Host.Services!;
        _sync.Host.Services = services =>
        {
            others(services);
            services.AddHttpClient("IterableClient").AddHttpMessageHandler(() => _trap);
        };
        await _sync.InitializeAsync();
    }

    [Theory]
    [StoreData]
    public async Task It_ends_the_sync_as_aborted_frees_connection_and_list_and_the_report_adds_up(StoreKind store)
    {
        await StartAsync(store);
        var audience = await _sync.AudienceAsync();
        await audience.PushAsync(Row.People(1));
        _trap.IsSet = true;
        var ended = await audience.PushAsync(Row.Delete(1), Row.Insert(2, "p2@example.com", "p2"), Row.Insert(3, "nobody", " "));

        Assert.Equal(("aborted", "rejected 1, not_sent 2"), (ended.Outcome, ended.Outcomes));
        Assert.Contains("an error of its own (NotSupportedException)", ended.Error, StringComparison.Ordinal);
        Assert.Equal("p1@example.com/p1", audience.Members);

        _trap.IsSet = false;
        Assert.Equal("completed", (await (await audience.SiblingAsync()).PushAsync(Row.People(1))).Outcome);
        Assert.Equal("completed", (await audience.PushAsync(Row.People(2))).Outcome);
    }

    [Theory]
    [StoreData]
    public async Task What_Iterable_took_before_the_fault_can_be_taken_off_again(StoreKind store)
    {
        await StartAsync(store);
        var audience = await _sync.AudienceAsync(more: """, "syncSettings":{"failedKeysConfig":{"enableFailedKeysRetry":false}}""");
        _trap.IsSet = _trap.ComesAfterTheAnswer = true;
        var ended = await audience.PushAsync(Row.Insert(1, "p1@example.com", "p1"), Row.Insert(2, "p1@example.com", "p1"));
        Assert.Equal(("aborted", "not_sent 2"), (ended.Outcome, ended.Outcomes));
        Assert.Equal("p1@example.com/p1", audience.Members);

        // Nobody knows whether it went through: both rows may hold the person, and by their keys alone they let go.
        _trap.IsSet = false;
        Assert.Equal("retained 1", (await audience.PushAsync(Row.Delete(1))).Outcomes);
        Assert.Equal("unsubscribed 1", (await audience.PushAsync(Row.Delete(2))).Outcomes);
        Assert.Equal("", audience.Members);
    }

    public async ValueTask DisposeAsync()
    {
        await _sync.DisposeAsync();
        _trap.Dispose();
    }

    private sealed class Trap : DelegatingHandler
    {
        public bool IsSet { get; set; }

        public bool ComesAfterTheAnswer { get; set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var answer = !IsSet || ComesAfterTheAnswer ? await base.SendAsync(request, cancellationToken) : null;
            return IsSet ? throw new NotSupportedException("A trap.") : answer!;
        }
    }
}
