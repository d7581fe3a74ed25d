using IterableAudience.Connections;
using IterableAudience.Iterable;
using IterableAudience.Store;
using IterableAudience.Syncs;
using IterableAudience.Syncs.Ledger;
using Microsoft.EntityFrameworkCore;

namespace IterableAudience.Console;

/// <summary>What the overview shows. Connections come by key, newest first; no part of it reads reports or records.</summary>
internal sealed class OverviewQuery(StoreContext db, LeanStore store, ConnectionViews views, ProjectPacers pacers)
{
    public const int PageSize = 50;
    private const int MostAttention = 6;
    private const int SparkSyncs = 30;
    private static readonly SyncOutcome[] Worrying = [SyncOutcome.Held, SyncOutcome.Aborted, SyncOutcome.CompletedWithFailures];

    /// <summary>One page of connections that match.</summary>
    /// <param name="text">Found in the names of list, destination or source, or in the id of the list; empty: all.</param>
    /// <param name="state"><c>attention</c>, <c>running</c>, <c>paused</c>, or empty: all.</param>
    /// <param name="after">Id of the last connection of the page before; null: the first page.</param>
    /// <param name="cancel">The visitor has gone.</param>
    public async Task<OverviewPage> ReadAsync(string text, string state, string? after, CancellationToken cancel)
    {
        var wanted = Named();
        if (text.Length > 0)
        {
            var lower = text.ToLowerInvariant();
#pragma warning disable CA1862 // it becomes SQL: lower(), which both stores have
            wanted = wanted.Where(r => r.Destination.ToLower().Contains(lower) || (r.Source ?? "").ToLower().Contains(lower)
                || (r.List ?? "").ToLower().Contains(lower) || r.Connection.AudienceId.ToString() == text || r.Connection.Id == text);
#pragma warning restore CA1862
        }

        wanted = state switch
        {
            "attention" => wanted.Where(r => db.Syncs.Any(s => s.ConnectionNo == r.Connection.No && Worrying.Contains(s.Outcome)
                && s.No == db.Syncs.Where(o => o.ConnectionNo == r.Connection.No && !o.Active && !o.DryRun).Max(o => o.No))),
            "running" => wanted.Where(r => db.Syncs.Any(s => s.ConnectionNo == r.Connection.No && s.Active)),
            "paused" => wanted.Where(r => !r.Connection.Enabled),
            _ => wanted,
        };
        if (after is not null)
        {
            var no = await db.Connections.Where(c => c.Id == after).Select(c => c.No).SingleOrDefaultAsync(cancel);
            wanted = wanted.Where(r => r.Connection.No < no);
        }

        var rows = await wanted.OrderByDescending(r => r.Connection.No).Take(PageSize + 1).ToListAsync(cancel);
        var page = rows.Take(PageSize).ToList();
        var shown = await views.OfAsync([.. page.Select(r => r.Connection)], cancel);
        var sparks = Sparks([.. page.Select(r => r.Connection.No)]);
        return new(
            [.. page.Zip(shown, (r, v) => new OverviewRow(v, r.List, r.Destination, r.Source, sparks.GetValueOrDefault(r.Connection.No, [])))],
            rows.Count > PageSize ? page[^1].Connection.Id : null);
    }

    /// <summary>What needs somebody, the most urgent first, and how many there are. Of each connection the last sync that has ended counts; dry runs don't.</summary>
    public async Task<(IReadOnlyList<Attention> Some, int All)> AttentionAsync(CancellationToken cancel)
    {
        var newest = await (
            from r in Named()
            join s in db.Syncs on r.Connection.No equals s.ConnectionNo
            where Worrying.Contains(s.Outcome) && s.No == db.Syncs.Where(o => o.ConnectionNo == r.Connection.No && !o.Active && !o.DryRun).Max(o => o.No)
            select new { r.Connection.Id, r.Connection.AudienceId, r.List, Sync = s.Id, s.Outcome, s.Error, s.FinishedAt, s.Records, s.FailedRecords, s.No }).ToListAsync(cancel);
        var throttled = await ThrottledAsync(cancel);
        return (
            [
                .. newest.OrderBy(n => Array.IndexOf(Worrying, n.Outcome)).ThenByDescending(n => n.No).Take(MostAttention)
                    .Select(n => new Attention(n.Outcome.Word(), n.List ?? $"List {n.AudienceId}", n.Error, n.FinishedAt, n.Records ?? 0, n.FailedRecords ?? 0, $"/connections/{n.Id}/syncs/{n.Sync}")),
                .. throttled,
            ],
            newest.Count + throttled.Count);
    }

    public async Task<OverviewTotals> TotalsAsync(CancellationToken cancel) => new(
        await db.Connections.CountAsync(c => !c.Deleted, cancel),
        await db.Connections.CountAsync(c => !c.Deleted && !c.Enabled, cancel),
        await db.Syncs.CountAsync(s => s.Active, cancel),
        store.Read(c => c.Count("""SELECT CAST(coalesce(sum(l.members), 0) AS BIGINT) FROM ledger_count l JOIN connection c ON c."No" = l.connection AND NOT c."Deleted" """)));

    private IQueryable<NamedConnection> Named()
        => from c in db.Connections.AsNoTracking()
           where !c.Deleted
           join d in db.Destinations on c.DestinationId equals d.Id
           join l in db.Lists on c.ListNo equals l.No
           from s in db.Sources.Where(s => s.Id == c.SourceId).DefaultIfEmpty()
           select new NamedConnection { Connection = c, List = l.Name, Destination = d.Name, Source = s == null ? null : s.Name };

    /// <summary>Projects that go slower than their budget after a 429, as this node knows it.</summary>
    private async Task<List<Attention>> ThrottledAsync(CancellationToken cancel)
    {
        var slow = pacers.All.Where(p => p.Status.BudgetRate > 0 && (p.Status.PausedFor > TimeSpan.Zero || p.Status.EffectiveRate < p.Status.BudgetRate * 0.95))
            .ToDictionary(p => p.ProjectKey, p => p.Status);
        if (slow.Count == 0)
        {
            return [];
        }

        var keys = slow.Keys.ToList();
        var accounts = await db.Accounts.AsNoTracking().Where(a => keys.Contains(a.ProjectKey!)).OrderBy(a => a.Name).ToListAsync(cancel);
        return [.. accounts.Select(a => new Attention(
            "throttled", a.Name,
            $"Iterable answers 429: {Texts.Number(slow[a.ProjectKey!].EffectiveRate)} of {Texts.Number(slow[a.ProjectKey!].BudgetRate)} requests a second for now.",
            null, 0, 0, "/accounts"))];
    }

    /// <summary>The last syncs of each connection, oldest first; a short look along the index for each.</summary>
    private Dictionary<long, IReadOnlyList<SparkBar>> Sparks(IReadOnlyList<long> connections)
        => connections.Count == 0 ? [] : store.Read(c => c.Rows(
                string.Join(" UNION ALL ", connections.Select(no =>
                    $"""
                    SELECT * FROM (SELECT "ConnectionNo", "No", "Outcome", "Active", coalesce("Records", 0), coalesce("FailedRecords", 0) FROM sync
                    WHERE "ConnectionNo" = {no} ORDER BY "No" DESC LIMIT {SparkSyncs}) AS s{no}
                    """)),
                r => (Connection: r.GetInt64(0), No: r.GetInt64(1), Bar: new SparkBar(r.GetBoolean(3) ? "running" : ((SyncOutcome)r.GetInt32(2)).Word(), r.GetInt64(4), r.GetInt64(5)))))
            .GroupBy(r => r.Connection)
            .ToDictionary(g => g.Key, g => (IReadOnlyList<SparkBar>)[.. g.OrderBy(r => r.No).Select(r => r.Bar)]);

    /// <summary>A connection with the names of what it connects.</summary>
    private sealed class NamedConnection
    {
        public required Connection Connection { get; init; }

        public string? List { get; init; }

        public required string Destination { get; init; }

        public string? Source { get; init; }
    }
}

/// <param name="Rows">Newest connection first.</param>
/// <param name="Next">Where the next page begins; null on the last.</param>
internal sealed record OverviewPage(IReadOnlyList<OverviewRow> Rows, string? Next);

/// <param name="Connection">As the API shows it.</param>
/// <param name="ListName">As last seen in Iterable; null when it was never seen.</param>
/// <param name="Destination">Its name.</param>
/// <param name="Source">Its name; null: pushed records only.</param>
/// <param name="Spark">Its last syncs, oldest first.</param>
internal sealed record OverviewRow(ConnectionView Connection, string? ListName, string Destination, string? Source, IReadOnlyList<SparkBar> Spark)
{
    public string Title => ListName ?? $"List {Connection.DestinationConfig.AudienceId}";
}

/// <summary>One sync of a spark line.</summary>
public sealed record SparkBar(string Outcome, long Records, long Failed);

/// <summary>Something that waits for a person, with the page where it is dealt with.</summary>
internal sealed record Attention(string Kind, string Title, string Detail, DateTimeOffset? At, long Records, long Failed, string Link);

internal sealed record OverviewTotals(int Connections, int Paused, int Running, long Members);
