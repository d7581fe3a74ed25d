using System.Net;
using IterableAudience.Simulator.Api;
using IterableAudience.Tests.Stores;
using Npgsql;
using Xunit;

namespace IterableAudience.Tests.Faults;

/// <summary>The PostgreSQL server goes away in the middle of sending: the sync pauses, nothing is lost, and when the server is back it goes on.</summary>
public sealed class PostgresTroubleTests : ProcessTest
{
    private const int People = 20_000;

    /// <summary>Rows of the batches on the wire, and of those at hand: the next ones, or answers that wait to be recorded.</summary>
    private const int Unrecorded = (InFlight + 2) * 1_000;

    private const int InFlight = 2;

    /// <summary>After <c>immediate</c> the server has lost the last batches that were recorded without waiting for the disk: they are sent again.</summary>
    [Theory]
    [StoreData("fast", Only = StoreKind.PostgreSql)]
    [StoreData("immediate", Only = StoreKind.PostgreSql)]
    public async Task A_sync_whose_server_is_restarted_pauses_and_goes_on(StoreKind store, string mode)
    {
        using var server = new PostgresServer();
        var site = await SiteAsync(store, Setting(server.NewDatabase()), ("Iterable__MaxInFlight", $"{InFlight}"));
        await GoesOnAsync(site, harm: () => server.Stop(mode), meanwhile: () => RefusesAsync(site), mend: server.Start, lost: mode == "immediate" ? People : Unrecorded);
    }

    [Theory]
    [StoreData(Only = StoreKind.PostgreSql)]
    public async Task A_sync_whose_network_to_the_store_is_cut_pauses_and_goes_on(StoreKind store)
    {
        await using var network = new Network(PostgresServer.Shared.Port);
        var site = await SiteAsync(store, Setting(Through(network)), ("Iterable__MaxInFlight", $"{InFlight}"));
        await GoesOnAsync(site, harm: network.Cut, meanwhile: () => RefusesAsync(site), mend: network.Mend, lost: Unrecorded);
    }

    [Theory]
    [StoreData(Only = StoreKind.PostgreSql)]
    public async Task A_sync_whose_packets_to_the_store_are_swallowed_pauses_and_goes_on(StoreKind store)
    {
        await using var network = new Network(PostgresServer.Shared.Port);
        // An operator's settings; without them the same takes half a minute.
        var site = await SiteAsync(store, Setting(Through(network) + ";Timeout=3;Command Timeout=3"), ("Iterable__MaxInFlight", $"{InFlight}"));
        await GoesOnAsync(site, harm: network.Swallow, meanwhile: () => Task.CompletedTask, mend: network.Mend, lost: Unrecorded);
    }

    private static (string, string) Setting(string connectionString) => ("ConnectionStrings__Store", connectionString);

    private string Through(Network network)
        => new NpgsqlConnectionStringBuilder(NewStore(StoreKind.PostgreSql).ConnectionString) { Port = network.Port }.ConnectionString;

    private static async Task GoesOnAsync(Site site, Action harm, Func<Task> meanwhile, Action mend, int lost)
    {
        var audience = await site.AudienceAsync("away");
        site.World.Behaviour = site.World.Behaviour with { DelayMs = 200 }; // two seconds of sending: time to be cut off in
        var sync = await site.PushAsync(audience, Rows.Of(0, People));
        await site.SyncUntilAsync(audience, sync, s => (long)s["report"]!["progress"]!["sent"]! > 0);
        harm();
        await Until.Is("the sync pauses", () => site.Service.Output.Any(l => l.Contains("The sync pauses", StringComparison.Ordinal)));
        await meanwhile();
        mend();

        var end = await site.ClosedAsync(audience, sync);
        Assert.Equal("completed", (string)end["outcome"]!);
        Assert.Equal(People, (long)end["report"]!["outcomes"]!["subscribed"]!);
        Assert.Equal(People, (long)end["report"]!["received"]!["total"]!);
        Assert.Equal(Enumerable.Range(0, People).Select(Rows.UserId).Order(StringComparer.Ordinal), site.Members(audience).Select(m => m.UserId));
        Assert.Equal(
            Enumerable.Range(0, People).Select(i => $"{Rows.KeyPrefix}{i} {Rows.Email(i)} {Rows.UserId(i)} Member").Order(StringComparer.Ordinal),
            site.Entries(audience).Order(StringComparer.Ordinal));
        Assert.Contains($"counts {People} 0 0", site.Ledger(audience));
        Assert.InRange(site.RowsSent(audience, CallKind.Subscribe), People, People + lost);
        Assert.DoesNotContain(site.Service.Output, l => l.Contains("nobody expected", StringComparison.Ordinal));

        // The service is as well as before.
        Assert.Equal("completed", (string)(await site.SyncAsync(audience, new Rows().Delete(0, 1_000)))["outcome"]!);
        Assert.Equal(People - 1_000, site.Members(audience).Count);
    }

    /// <summary>What can't be taken now is refused as trouble of the store, and the service is not ready.</summary>
    private static async Task RefusesAsync(Site site)
    {
        using var ready = await site.SendAsync(HttpMethod.Get, "/health/ready", null);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        using var refused = await site.SendAsync(HttpMethod.Post, "/v2/tokens", new StringContent("""{"name":"x","role":"viewer"}""", null, "application/json"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
    }
}
