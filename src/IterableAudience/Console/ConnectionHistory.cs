using System.Text.Json;
using IterableAudience.Store;
using IterableAudience.Syncs;
using Microsoft.EntityFrameworkCore;

namespace IterableAudience.Console;

/// <summary>The syncs of one connection, for its page: a page of them by key, and what the charts draw.</summary>
internal sealed class ConnectionHistory(StoreContext db, SyncMonitor monitor)
{
    public const int PageSize = 25;
    private const int Stacked = 40;
    private const int Points = 200;

    /// <summary>In the order in which they are stacked, each with its colour.</summary>
    private static readonly (string Name, string Tone, string[] Outcomes)[] Stack =
    [
        ("Subscribed, unsubscribed", "good", ["subscribed", "unsubscribed"]),
        ("Untouched", "calm", ["unchanged", "retained", "superseded"]),
        ("Not sent", "warn", ["not_sent"]),
        ("Rejected, failed", "bad", ["rejected", "failed", "forgotten"]),
    ];

    /// <summary>Newest first, from behind a sync on.</summary>
    /// <param name="connectionId">The connection.</param>
    /// <param name="status"><c>running</c>, <c>succeeded</c>, <c>failed</c>, or empty: all.</param>
    /// <param name="before">Id of the last sync of the page before; null: the newest.</param>
    /// <param name="cancel">The visitor has gone.</param>
    public async Task<(IReadOnlyList<SyncView> Syncs, string? Next)> PageAsync(string connectionId, string status, string? before, CancellationToken cancel)
    {
        var wanted = Of(connectionId);
        if (status.Length > 0)
        {
            wanted = wanted.WithStatus(status);
        }

        if (before is not null)
        {
            var no = await db.Syncs.Where(s => s.Id == before).Select(s => s.No).SingleOrDefaultAsync(cancel);
            wanted = wanted.Where(s => s.No < no);
        }

        var rows = await wanted.OrderByDescending(s => s.No).Take(PageSize + 1).ToListAsync(cancel);
        return ([.. rows.Take(PageSize).Select(s => SyncView.Of(s, connectionId, monitor))], rows.Count > PageSize ? rows[PageSize - 1].Id : null);
    }

    /// <summary>Members after each sync, as the page's script wants it; null while there are fewer than two points.</summary>
    public async Task<string?> MembersChartAsync(string connectionId, CancellationToken cancel)
    {
        var points = await Of(connectionId).Where(s => s.Members != null && s.FinishedAt != null && !s.DryRun).OrderByDescending(s => s.No).Take(Points)
            .Select(s => new { s.FinishedAt, s.Members }).ToListAsync(cancel);
        points.Reverse();
        return points.Count < 2 ? null : Chart("line", points.Select(p => p.FinishedAt!.Value), [("Members", "info", points.Select(p => p.Members!.Value))]);
    }

    /// <summary>Records of each sync by outcome; null while there is none.</summary>
    public async Task<string?> OutcomesChartAsync(string connectionId, CancellationToken cancel)
    {
        var syncs = await Of(connectionId).Where(s => s.ReportJson != null && !s.DryRun).OrderByDescending(s => s.No).Take(Stacked)
            .Select(s => new { s.StartedAt, s.ReportJson }).ToListAsync(cancel);
        syncs.Reverse();
        var outcomes = syncs.Select(s => SyncJson.Report(s.ReportJson!).Outcomes).ToList();
        return syncs.Count == 0 ? null : Chart(
            "stacked", syncs.Select(s => s.StartedAt), Stack.Select(part => (part.Name, part.Tone, outcomes.Select(o => part.Outcomes.Sum(word => o.GetValueOrDefault(word))))));
    }

    private IQueryable<Sync> Of(string connectionId)
        => db.Syncs.AsNoTracking().Where(s => s.ConnectionNo == db.Connections.Where(c => c.Id == connectionId && !c.Deleted).Select(c => c.No).FirstOrDefault());

    private static string Chart(string kind, IEnumerable<DateTimeOffset> times, IEnumerable<(string Name, string Tone, IEnumerable<long> Values)> series)
        => JsonSerializer.Serialize(
            new { kind, times = times.Select(t => t.ToUnixTimeMilliseconds() / 1000.0), series = series.Select(s => new { name = s.Name, tone = s.Tone, values = s.Values }) });
}
