using System.Text.Json;
using IterableAudience.Records;
using IterableAudience.Syncs.Ledger;
using IterableAudience.Syncs.Staging;
using IterableAudience.Tests.Stores;
using Xunit;

namespace IterableAudience.Tests.Plan;

/// <summary>A sync that is planned in slices ends like one that is planned in one piece.</summary>
public sealed class LargeSyncTests
{
    private const int Rows = 40_000;

    [Theory]
    [StoreData]
    public async Task A_sync_in_slices_ends_like_one_in_one_piece(StoreKind store)
    {
        await using var host = new ScenarioHost(store);
        var (id, list) = host.Iterable.Add();
        var connection = await host.ConnectAsync(ProjectType.Hybrid, 0, id);
        var (_, listNo) = await host.NumbersAsync(connection);

        // Everybody has two rows; every tenth record is repeated later with another e-mail, every 1000th is bad.
        var audience = new Dictionary<int, Identity>();
        var lines = new List<string>();
        void Put(string action, int row, Identity identity)
        {
            lines.Add(Line(action, row, identity));
            audience[row] = identity;
        }

        for (var row = 0; row < Rows; row++)
        {
            Put("insert", row, Person(row / 2));
        }

        for (var row = 0; row < Rows; row += 10)
        {
            Put("update", row, new($"new{row / 2}@example.com", $"u{row / 2}"));
            lines.Add(row % 1000 == 0 ? Line("update", row, new("bad@", " bad ")) : Line("update", row, audience[row]));
        }

        Assert.True(lines.Count > Stager.BufferedRecords);
        var report = await PushAsync(lines, full: false);
        Assert.Equal((Rows - 0L, 8000L - 40, 40L), (report["subscribed"], report["superseded"], report["rejected"]));
        Check();

        // Half of the rows go by their key alone. Of the people in them half are held by their other row, which half of those rows replace.
        lines.Clear();
        for (var row = 0; row < Rows; row += 2)
        {
            lines.Add(Line("delete", row, default));
            audience.Remove(row);
        }

        for (var row = 1; row < Rows; row += 2)
        {
            Put("update", row, row % 4 == 1 ? audience[row] : Person(Rows + row));
        }

        report = await PushAsync(lines, full: false);
        Assert.Equal((20_000L, 10_000L, 10_000L), (report["subscribed"], report["unsubscribed"], report["retained"]));
        Check();

        // The whole audience once more, without a quarter of it.
        lines.Clear();
        foreach (var row in audience.Keys.ToList())
        {
            if (row % 8 == 1)
            {
                audience.Remove(row);
            }
            else
            {
                lines.Add(Line("insert", row, audience[row]));
            }
        }

        lines.AddRange(Enumerable.Repeat(Line("insert", 3, audience[3]), Rows - lines.Count)); // a long body, few changes
        report = await PushAsync(lines, full: true);
        Assert.Equal((5_000L, 15_000L), (report["unsubscribed"], report["unchanged"]));
        Check();

        async Task<Dictionary<string, long>> PushAsync(IEnumerable<string> records, bool full)
        {
            var sync = await host.PushAsync(connection, records, full);
            var outcomes = sync["report"]!["outcomes"]!.AsObject().ToDictionary(o => o.Key, o => (long)o.Value!);
            Assert.Equal(outcomes.Values.Sum(), (long)sync["report"]!["received"]!["total"]!);
            Assert.Equal(0, outcomes["failed"]);
            return outcomes;
        }

        void Check()
        {
            var ledger = LedgerView.Read(host.Store, listNo);
            ledger.CheckDerived(host.Hash);
            Assert.Equal(
                audience.Select(r => $"{r.Key} {r.Value.UserId}").Order(StringComparer.Ordinal),
                ledger.Entries.Where(e => e.State == EntryState.Member).Select(e => $"{e.KeyText} {e.Identity.UserId}").Order(StringComparer.Ordinal));
            Assert.Equal(
                audience.Values.Select(i => i.UserId).Distinct().Order(StringComparer.Ordinal),
                list.Users.Where(u => u.IsMember).Select(u => u.UserId).Order(StringComparer.Ordinal));
        }
    }

    private static Identity Person(int number) => new($"e{number}@example.com", $"u{number}");

    private static string Line(string action, int row, Identity identity)
        => JsonSerializer.Serialize(new { action, primaryKey = $"{row}", identifiers = new { email = identity.Email, userId = identity.UserId } });
}
