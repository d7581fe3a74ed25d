using IterableAudience.Tests.Stores;
using Xunit;

namespace IterableAudience.Tests.Syncs;

/// <summary>What the tests of a class share: a <see cref="SyncHost"/> for each store that can be used here.</summary>
public sealed class SyncHosts : IAsyncLifetime
{
    private readonly Dictionary<StoreKind, SyncHost> _hosts = [];

    public async ValueTask InitializeAsync()
    {
        _hosts[StoreKind.Sqlite] = await SyncHost.StartAsync(StoreKind.Sqlite);
        if (PostgresServer.Missing is null)
            _hosts[StoreKind.PostgreSql] = await SyncHost.StartAsync(StoreKind.PostgreSql);
    }

    public SyncHost On(StoreKind store) => _hosts.TryGetValue(store, out var host) ? host : throw new InvalidOperationException(PostgresServer.Missing);

    public async ValueTask DisposeAsync()
    {
        foreach (var host in _hosts.Values)
            await host.DisposeAsync();
    }
}
