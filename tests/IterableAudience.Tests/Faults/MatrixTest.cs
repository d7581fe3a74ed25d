using System.Text.Json.Nodes;
using IterableAudience.Simulator.Api;
using Xunit;

namespace IterableAudience.Tests.Faults;

/// <summary>A sync of all that a sync can have, which a test cuts off somewhere, and one like it that nothing happens to.</summary>
public abstract class MatrixTest : ProcessTest
{
    protected const int InFlight = 4;

    /// <summary>Besides those on the wire, so many batches are at hand: the next ones, or answers that wait to be recorded.</summary>
    protected const int AtHand = InFlight + 2;

    private protected static readonly Rows Before = Rows.Of(0, 6_000);

    /// <summary>Leavers, newcomers, rows that hold somebody else now, rows sent twice, rows that are refused.</summary>
    private protected static readonly Rows Changes = new Rows().Delete(0, 1_500).Insert(6_000, 3_500).Change(1_500, 1_200, peopleFrom: 20_000).Insert(6_000, 100).Bad(30_000, 20);

    private protected static int Pauses(Site site) => site.Service.Output.Count(l => l.Contains("The sync pauses", StringComparison.Ordinal));

    private protected static async Task EndsLikeACalmOneAsync(Site site, Audience killed, string sync, int sentAgain)
    {
        var end = await site.ClosedAsync(killed, sync);
        var calm = await site.AudienceAsync("calm");
        await site.SyncAsync(calm, Before);
        var calmSync = await site.PushAsync(calm, Changes);
        var calmEnd = await site.ClosedAsync(calm, calmSync);

        Assert.Equal("completed_with_failures", (string)end["outcome"]!); // some rows are refused
        Assert.Equal(calmEnd["report"]!.ToJsonString(), end["report"]!.ToJsonString());
        Assert.Equal((long)end["report"]!["received"]!["total"]!, end["report"]!["outcomes"]!.AsObject().Sum(o => (long)o.Value!));
        Assert.Equal(
            Enumerable.Range(2_700, 6_800).Concat(Enumerable.Range(20_000, 1_200)).Select(Rows.UserId).Order(StringComparer.Ordinal),
            site.Members(killed).Select(m => m.UserId));
        Assert.Equal(site.Members(calm), site.Members(killed));
        Assert.Equal(site.Ledger(calm), site.Ledger(killed));
        Assert.Equal(await site.OutcomesAsync(calm, calmSync), await site.OutcomesAsync(killed, sync));
        Assert.InRange(Calls(site, killed) - Calls(site, calm), 0, sentAgain);
    }

    private static int Calls(Site site, Audience audience) => site.Calls(audience, CallKind.Subscribe).Count() + site.Calls(audience, CallKind.Unsubscribe).Count();
}
