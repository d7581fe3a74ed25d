using IterableAudience.Hosting;
using IterableAudience.Store;
using IterableAudience.Syncs;
using IterableAudience.Syncs.Report;
using Microsoft.EntityFrameworkCore;

namespace IterableAudience.Console;

/// <summary>A page of a sync's records as the API reads them, but for each page only some records are looked at: a page of a large sync is drawn as fast as one of a small one.</summary>
internal sealed class SyncRecords(StoreContext db, LeanStore store, Visitor visitor)
{
    /// <summary>Records on a page.</summary>
    public const int PageSize = 50;

    private const int RequestsOnPage = 25;

    /// <summary>Takes some milliseconds.</summary>
    private const int MostLookedAt = 10_000;

    /// <returns>The page, or the problem: a filter that is none, or records that retention has removed.</returns>
    public async Task<(RecordsOnPage? Page, ApiProblem? Problem)> ReadAsync(
        string connectionId, string syncId, string? outcome, string? reason, string? action, string? cursor, CancellationToken cancel)
    {
        var query = new RecordEndpoints.RecordQuery(Given(outcome), Given(reason), Given(action), PageSize, Given(cursor));
        if (query.Read(all: null, search: null, out var filter, out var from) is { } fault)
        {
            return (null, ApiProblem.Of(fault));
        }

        if (await SyncEndpoints.FindAsync(db, connectionId, syncId, cancel) is not { } found || found.Sync.RecordsPurged)
        {
            return (null, ApiProblem.Of(SyncEndpoints.Purged()));
        }

        if (found.Sync is { Active: false, ReportJson: { } json } && !MayMatch(SyncJson.Report(json), query))
        {
            return (new([], null, false), null);
        }

        var (records, next, isShort) = new RecordPages(store, found.Sync, masked: !visitor.IsOperator).Page(filter!, from, PageSize, MostLookedAt);
        return (new(records, next?.Encode(), isShort), null);
    }

    /// <summary>A page of the sync's requests, with where the next one begins and how many there are; empty when retention has removed them.</summary>
    public async Task<(IReadOnlyList<RequestView> Requests, string? Next, long Total)> RequestsAsync(string connectionId, string syncId, long? batch, string? after, CancellationToken cancel)
    {
        if (await SyncEndpoints.FindAsync(db, connectionId, syncId, cancel) is not { } found || found.Sync.RecordsPurged)
        {
            return ([], null, 0);
        }

        var (requests, next, total) = RequestPages.After(store, found.Sync.No, batch, RequestPlace.Parse(after), RequestsOnPage);
        return (requests, next?.ToString(), total);
    }

    /// <summary>What a sync counted besides its report.</summary>
    public async Task<SyncCounts> CountsAsync(string syncId, CancellationToken cancel)
        => SyncJson.Counts(await db.Syncs.Where(s => s.Id == syncId).Select(s => s.CountsJson).SingleAsync(cancel));

    /// <summary>The sync that ran the plan of a held or planned one; null while nobody has approved it.</summary>
    public Task<string?> RunOfPlanAsync(string syncId, CancellationToken cancel)
        => db.Syncs.Where(s => db.Syncs.Any(p => p.Id == syncId && p.PlanSyncNo == s.PlanSyncNo && p.ConnectionNo == s.ConnectionNo && s.No > p.No))
            .OrderBy(s => s.No).Select(s => s.Id).FirstOrDefaultAsync(cancel);

    /// <summary>The report of a closed sync knows what there is none of.</summary>
    private static bool MayMatch(SyncReport report, RecordEndpoints.RecordQuery query)
        => (query.Outcome is null || report.Outcomes.GetValueOrDefault(query.Outcome) > 0)
            && (query.Reason is null || report.Reasons.Any(r => r.Reason == query.Reason))
            && (query.Action is not "insert" || report.Received.Insert + report.Received.Retried > 0)
            && (query.Action is not "update" || report.Received.Update + report.Received.Retried > 0)
            && (query.Action is not "delete" || report.Received.Delete + report.Received.Absent + report.Received.Retried > 0);

    private static string? Given(string? value) => string.IsNullOrEmpty(value) ? null : value;
}

/// <param name="Records">What is shown.</param>
/// <param name="Next">Cursor of the next page; null on the last.</param>
/// <param name="IsShort">There may be more that match, but not among those that were looked at.</param>
internal sealed record RecordsOnPage(IReadOnlyList<RecordView> Records, string? Next, bool IsShort);
