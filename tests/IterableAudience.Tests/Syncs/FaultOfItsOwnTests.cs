using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace IterableAudience.Tests.Syncs;

/// <summary>A fault of the service itself, here a handler that throws what nobody expects: the sync still ends, and nothing is called done.</summary>
public sealed class FaultOfItsOwnTests : IAsyncLifetime
{
    private readonly SyncHost _sync = new();
    private readonly Trap _trap = new();

    public ValueTask InitializeAsync()
    {
        var others = _sync.Host.Services!;
        _sync.Host.Services = services =>
        {
            others(services);
            services.AddHttpClient("IterableClient").AddHttpMessageHandler(() => _trap);
        };
        return _sync.InitializeAsync();
    }

    [Fact]
    public async Task It_ends_the_sync_as_aborted_frees_connection_and_list_and_the_report_adds_up()
    {
        var audience = await _sync.AudienceAsync();
        await audience.PushAsync(Row.People(1));
        _trap.IsSet = true;
        var ended = await audience.PushAsync(Row.Delete(1), Row.Insert(2, "p2@example.com", "p2"), Row.Insert(3, "nobody", " "));

        Assert.Equal(("aborted", "rejected 1, not_sent 2"), (ended.Outcome, ended.Outcomes));
        Assert.Contains("an error of its own (NotSupportedException)", ended.Error, StringComparison.Ordinal);
        Assert.Equal(("p1@example.com/p1", 1), (audience.Members, await audience.LedgerAsync()));

        _trap.IsSet = false;
        Assert.Equal("completed", (await (await audience.SiblingAsync()).PushAsync(Row.People(1))).Outcome);
        Assert.Equal("completed", (await audience.PushAsync(Row.People(2))).Outcome);
    }

    public async ValueTask DisposeAsync()
    {
        await _sync.DisposeAsync();
        _trap.Dispose();
    }

    private sealed class Trap : DelegatingHandler
    {
        public bool IsSet { get; set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
            => IsSet ? throw new NotSupportedException("A trap.") : base.SendAsync(request, cancellationToken);
    }
}
