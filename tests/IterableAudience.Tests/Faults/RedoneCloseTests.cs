using System.Text.Json.Nodes;
using IterableAudience.Simulator.Api;
using IterableAudience.Simulator.Faults;
using IterableAudience.Syncs;
using IterableAudience.Tests.Stores;
using Xunit;

namespace IterableAudience.Tests.Faults;

/// <summary>A close that is done again after a kill: what had been kept for the next sync by then is kept once.</summary>
public sealed class RedoneCloseTests : ProcessTest
{
    private const int People = 3_000;

    [Theory]
    [StoreData]
    public async Task What_was_not_sent_is_kept_once_when_its_sync_is_closed_twice(StoreKind store)
    {
        var site = await SiteAsync(store, ("Iterable__MaxInFlight", "2"), ("Iterable__AttemptTimeout", "00:00:02"));
        var audience = await site.AudienceAsync("kept");
        // The key is refused: nothing of the sync is done.
        site.World.Faults.Add(new FaultRule { Fault = FaultKind.Respond, Status = 401, Times = 0, On = new() { ListId = audience.List } });
        // All of the close is stored, except that it is over.
        site.Execute(Store!.Break("sync", $"NEW.\"Phase\" = {(int)SyncPhase.Closed}", when: "UPDATE"));
        var sync = await site.PushAsync(audience, Rows.Of(0, People));
        await Until.Is("the close has been refused twice", () => site.Service.Output.Count(l => l.Contains("The sync pauses", StringComparison.Ordinal)) >= 2);
        Assert.Equal("closing", (string)(await site.GetSyncAsync(audience, sync))["phase"]!);
        Assert.Equal(People, Kept(site));
        var sent = site.RowsSent(audience, CallKind.Subscribe);

        await site.Service.KillAsync();
        site.Execute(Store.Mend("sync"));
        site.World.Faults.Clear();
        await site.StartAsync();
        var end = await site.ClosedAsync(audience, sync);
        Assert.Equal(("aborted", People), ((string)end["outcome"]!, Outcome(end, "not_sent")));
        Assert.Equal((People, sent), (Kept(site), site.RowsSent(audience, CallKind.Subscribe)));

        // The next sync of the connection tries each of them once.
        var next = await site.SyncAsync(audience, Rows.Of(People, 1));
        Assert.Equal(("completed", People, People + 1), ((string)next["outcome"]!, (int)next["report"]!["received"]!["retried"]!, Outcome(next, "subscribed")));
        Assert.Equal((0, sent + People + 1), (Kept(site), site.RowsSent(audience, CallKind.Subscribe)));
        Assert.Equal(People + 1, site.Members(audience).Count);
    }

    private static int Outcome(JsonNode sync, string outcome) => (int)sync["report"]!["outcomes"]![outcome]!;

    /// <summary>Records that the next sync is to try again.</summary>
    private static long Kept(Site site)
    {
        using var store = site.OpenStore();
        using var command = store.CreateCommand();
        command.CommandText = "SELECT CAST(coalesce(sum(records), 0) AS BIGINT) FROM retry";
        return (long)command.ExecuteScalar()!;
    }
}
