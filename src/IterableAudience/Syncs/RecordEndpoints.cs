using IterableAudience.Hosting;
using IterableAudience.Records;
using IterableAudience.Store;
using IterableAudience.Syncs.Report;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.Mvc;

namespace IterableAudience.Syncs;

/// <summary>What became of each record: pages, all of it as CSV or NDJSON, and the search for one person's records.</summary>
internal static class RecordEndpoints
{
    private static readonly Outcome[] FailedOutcomes = [Outcome.Rejected, Outcome.Failed, Outcome.Forgotten, Outcome.NotSent];

    public static void MapRecords(this RouteGroupBuilder connections)
    {
        connections.MapGet("/{id}/syncs/{syncId}/records", All).Produces<RecordPage>(StatusCodes.Status200OK, "application/json", "text/csv", "application/x-ndjson").Answers(409);
        connections.MapGet("/{id}/syncs/{syncId}/failed-records", Failed).Produces<RecordPage>(StatusCodes.Status200OK, "application/json", "text/csv", "application/x-ndjson").Answers(409);
        connections.MapPost("/{id}/syncs/{syncId}/records/search", Search).Needs(Roles.Operator).Produces<RecordPage>().Example("""{ "email": "ada@example.com" }""").Answers(409);
    }

    /// <summary>What became of each record of a sync. JSON pages, or with <c>Accept: text/csv</c> or <c>application/x-ndjson</c> all of it at once.</summary>
    internal static Task<IResult> All(
        string id, string syncId, HttpRequest request, StoreContext db, LeanStore store, SyncMonitor monitor,
        [FromQuery] string? outcome, [FromQuery] string? reason, [FromQuery] string? action, [FromQuery] int? pageSize, [FromQuery] string? cursor,
        CancellationToken cancellation)
        => AnswerAsync(id, syncId, request, db, store, monitor, new(outcome, reason, action, pageSize, cursor), all: null, search: null, cancellation);

    /// <summary>The records that did not get where they should: rejected, failed, forgotten, not_sent.</summary>
    private static Task<IResult> Failed(
        string id, string syncId, HttpRequest request, StoreContext db, LeanStore store, SyncMonitor monitor,
        [FromQuery] string? outcome, [FromQuery] string? reason, [FromQuery] string? action, [FromQuery] int? pageSize, [FromQuery] string? cursor,
        CancellationToken cancellation)
        => AnswerAsync(id, syncId, request, db, store, monitor, new(outcome, reason, action, pageSize, cursor), FailedOutcomes, search: null, cancellation);

    /// <summary>Finds a person's records in a sync by e-mail, userId, primaryKey or recordId; several must all match. Personal data goes into the body, never into a URL.</summary>
    private static Task<IResult> Search(
        string id, string syncId, SearchRequest body, HttpRequest request, StoreContext db, LeanStore store, SyncMonitor monitor,
        [FromQuery] string? outcome, [FromQuery] string? reason, [FromQuery] string? action, [FromQuery] int? pageSize, [FromQuery] string? cursor,
        CancellationToken cancellation)
        => body is { Email: null, UserId: null, PrimaryKey: null, RecordId: null }
            ? Task.FromResult<IResult>(ProblemAnswer.BadRequest("Name at least one of email, userId, primaryKey and recordId."))
            : AnswerAsync(
                id, syncId, request, db, store, monitor, new(outcome, reason, action, pageSize, cursor), all: null,
                new RecordSearch(body.Email, body.UserId, body.PrimaryKey, body.RecordId), cancellation);

    private static async Task<IResult> AnswerAsync(
        string id, string syncId, HttpRequest request, StoreContext db, LeanStore store, SyncMonitor monitor, RecordQuery query, Outcome[]? all, RecordSearch? search,
        CancellationToken cancellation)
    {
        if (query.Read(all, search, out var filter, out var from) is { } problem)
        {
            return problem;
        }

        if (await SyncEndpoints.FindAsync(db, id, syncId, cancellation) is not { } found)
        {
            return ProblemAnswer.NotFound("sync");
        }

        if (found.Sync.RecordsPurged)
        {
            return SyncEndpoints.Purged();
        }

        var masked = !request.HttpContext.User.IsInRole(Roles.Operator) && !request.HttpContext.User.IsInRole(Roles.Admin);
        var pages = new RecordPages(store, found.Sync, masked);
        return RecordExport.Wanted(request) switch
        {
            "text/csv" => RecordExport.Csv(pages.Read(filter!, from).Select(r => r.View), syncId, request.HttpContext, monitor.Stopping),
            "application/x-ndjson" => RecordExport.Ndjson(pages.Read(filter!, from).Select(r => r.View), syncId, request.HttpContext, monitor.Stopping),
            _ => TypedResults.Ok(Page(pages, filter!, from, query.PageSize ?? 100, request)),
        };
    }

    private static RecordPage Page(RecordPages pages, RecordFilter filter, RecordCursor from, int size, HttpRequest request)
    {
        var (records, next, _) = pages.Page(filter, from, size);
        var others = request.Query.Where(q => q.Key != "cursor").SelectMany(q => q.Value.Select(v => KeyValuePair.Create(q.Key, v ?? "")));
        return new(records, new(next is { } cursor ? request.Path + new QueryBuilder(others) { { "cursor", cursor.Encode() } }.ToQueryString().Value : null));
    }

    /// <summary>Which records are wanted, as the query says it.</summary>
    internal sealed record RecordQuery(string? Outcome, string? Reason, string? Action, int? PageSize, string? Cursor)
    {
        public ProblemAnswer? Read(Outcome[]? all, RecordSearch? search, out RecordFilter? filter, out RecordCursor from)
        {
            Dictionary<string, string[]> errors = [];
            filter = null;
            from = default;
            Outcome outcome = default;
            Reason reason = default;
            RecordAction action = default;
            if (Outcome is not null && !Words.TryOutcome(Outcome, out outcome))
            {
                errors["outcome"] = ["is not an outcome. Outcomes: subscribed, unsubscribed, unchanged, retained, superseded, rejected, failed, forgotten, not_sent, planned."];
            }

            if (Reason is not null && !Words.TryReason(Reason, out reason))
            {
                errors["reason"] = ["is not a reason. The report of the sync names those that occur."];
            }

            if (Action is not null && !(Action is "insert" or "update" or "delete" && Enum.TryParse(Action, ignoreCase: true, out action)))
            {
                errors["action"] = ["must be insert, update or delete."];
            }

            if (PageSize is < 1 or > 1000)
            {
                errors["pageSize"] = ["must be from 1 to 1000."];
            }

            if (Cursor is not null && !RecordCursor.TryDecode(Cursor, out from))
            {
                errors["cursor"] = ["is not a cursor. Take it from paging.next as it is."];
            }

            if (errors.Count > 0)
            {
                return ProblemAnswer.BadFields(errors);
            }

            Outcome[]? outcomes = Outcome is null ? all : all is null || all.Contains(outcome) ? [outcome] : [];
            filter = new(outcomes, Reason is null ? null : reason, Action is null ? null : action, search);
            return null;
        }
    }

    /// <summary>Whom to find; all given values must match.</summary>
    internal sealed record SearchRequest(string? Email, string? UserId, string? PrimaryKey, string? RecordId);

    /// <summary>One page of records; the next one is found by its cursor.</summary>
    internal sealed record RecordPage(IReadOnlyList<RecordView> Data, RecordPaging Paging);

    /// <summary>Where the next page is; null on the last.</summary>
    internal sealed record RecordPaging(string? Next);
}
