using System.Text.Json.Nodes;
using IterableAudience.Simulator.Api;
using IterableAudience.Simulator.Faults;
using IterableAudience.Tests.Stores;
using Xunit;

namespace IterableAudience.Tests.Faults;

/// <summary>
/// One answer in ten is broken, at random: 500, 429, connections reset before and after the effect, answers cut, empty, or a page of HTML, and none at all.
/// Nothing is lost and nothing is reported wrong: list, reports and ledger are exactly what the records say. The draw has a seed (the simulator's).
/// </summary>
public sealed class BrokenAnswersTests : ProcessTest
{
    private const int Bad = 50;

    private static readonly Dictionary<FaultKind, double> OneInTen = new()
    {
        [FaultKind.Respond] = 0.02,
        [FaultKind.RateLimit] = 0.01,
        [FaultKind.ResetBefore] = 0.015,
        [FaultKind.ResetAfter] = 0.015,
        [FaultKind.Truncate] = 0.01,
        [FaultKind.Empty] = 0.01,
        [FaultKind.Html] = 0.01,
        [FaultKind.Hang] = 0.005,
        [FaultKind.HangAfter] = 0.005,
    };

    [Theory]
    [StoreData(500_000, Only = StoreKind.Sqlite)]
    [StoreData(100_000, Only = StoreKind.PostgreSql)]
    public async Task With_one_answer_in_ten_broken_nothing_is_lost_and_nothing_reported_wrong(StoreKind store, int people)
    {
        var (leavers, replaced) = (people / 10, people / 20);
        var site = await SiteAsync(
            store, ("Iterable__AttemptTimeout", "00:00:02"), ("Iterable__MaxInFlight", "8"), ("Iterable__MaxAttempts", "10"), ("Iterable__RequestsPerSecond", "10000"));
        var audience = await site.AudienceAsync("broken");
        site.World.Behaviour = site.World.Behaviour with { RandomFaults = OneInTen };

        var joined = await site.SyncLargeAsync(audience, Rows.Of(0, people).Bad(people, Bad));
        AssertReport(joined, ("subscribed", people), ("rejected", Bad + 1));
        AssertAreMembers(site, audience, [.. Enumerable.Range(0, people).Select(i => (i, i))]);
        Assert.Equal(people / 1000, Unharmed(site, audience, CallKind.Subscribe));

        // Some leave, and some rows hold somebody else now: whom they held before leaves, too.
        var changed = await site.SyncLargeAsync(audience, new Rows().Delete(0, leavers).Change(leavers, replaced, peopleFrom: 2 * people).Bad(people, Bad));
        AssertReport(changed, ("subscribed", replaced), ("unsubscribed", leavers), ("rejected", Bad + 1));
        AssertAreMembers(site, audience, [
            .. Enumerable.Range(0, replaced).Select(i => (leavers + i, (2 * people) + i)),
            .. Enumerable.Range(leavers + replaced, people - leavers - replaced).Select(i => (i, i))]);
        Assert.Equal((people + replaced) / 1000, Unharmed(site, audience, CallKind.Subscribe));
        Assert.Equal((leavers + replaced) / 1000, Unharmed(site, audience, CallKind.Unsubscribe));

        // It was as bad as it is said to have been.
        var calls = site.World.Log.Entries;
        Assert.InRange(calls.Count(c => c.Fault is not null), calls.Count / 20, calls.Count / 5);
        Assert.DoesNotContain(site.Service.Output, l => l.Contains("nobody expected", StringComparison.Ordinal));
    }

    /// <summary>Every harmed call was made once more, and no other: what came through are the batches of the plan.</summary>
    private static int Unharmed(Site site, Audience audience, CallKind kind) => site.Calls(audience, kind).Count(c => c is { Fault: null, ClientGaveUp: false });

    private static void AssertReport(JsonNode sync, params (string Outcome, int Count)[] wanted)
    {
        Assert.Equal("completed_with_failures", (string)sync["outcome"]!); // some rows are refused
        Assert.Equal(
            wanted.Select(w => $"{w.Outcome} {w.Count}").Order(StringComparer.Ordinal),
            sync["report"]!["outcomes"]!.AsObject().Where(o => (long)o.Value! > 0).Select(o => $"{o.Key} {o.Value}").Order(StringComparer.Ordinal));
        Assert.Equal(wanted.Sum(w => w.Count), (long)sync["report"]!["received"]!["total"]!);
    }

    private static void AssertAreMembers(Site site, Audience audience, (int Row, int Person)[] held)
    {
        Assert.Equal(held.Select(h => Rows.UserId(h.Person)).Order(StringComparer.Ordinal), site.Members(audience).Select(m => m.UserId));
        Assert.Equal(
            held.Select(h => $"{Rows.KeyPrefix}{h.Row} {Rows.Email(h.Person)} {Rows.UserId(h.Person)} Member").Order(StringComparer.Ordinal),
            site.Entries(audience).Order(StringComparer.Ordinal));
    }
}
