using System.Globalization;
using System.Net.ServerSentEvents;
using System.Text.Json.Nodes;
using IterableAudience.Connections;
using IterableAudience.Hosting;
using IterableAudience.Store;
using IterableAudience.Syncs.Drift;
using IterableAudience.Syncs.Mirror;
using IterableAudience.Syncs.Report;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;

namespace IterableAudience.Syncs;

/// <summary>Starting, watching and ending syncs.</summary>
internal static class SyncEndpoints
{
    public static void MapSyncs(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/v2/retl-connections").WithTags("Syncs").Needs(Roles.Viewer);
        group.MapPush();
        group.MapPost("/{id}/start", Start).Needs(Roles.Operator).Produces<SourceSync>().Example("""{ "syncType": "incremental" }""").Answers(409);
        group.MapPost("/{id}/plan", Plan).Needs(Roles.Operator).Produces<SourceSync>().Example("""{ "syncType": "incremental" }""").Answers(409);
        group.MapPost("/{id}/stop", Stop).Needs(Roles.Operator);
        group.MapGet("/{id}/syncs", List).Produces<SyncPage>();
        group.MapGet("/{id}/syncs/{syncId}", Get);
        group.MapGet("/{id}/syncs/{syncId}/events", Events).Produces<SyncView>(contentType: "text/event-stream");
        group.MapGet("/{id}/syncs/{syncId}/requests", Requests).Produces<Page<RequestView>>().Answers(409);
        group.MapPost("/{id}/syncs/{syncId}/cancel", Cancel).Needs(Roles.Operator);
        group.MapPost("/{id}/syncs/{syncId}/approve", Approve).Needs(Roles.Operator).Produces<PushEndpoint.StartedSync>(StatusCodes.Status202Accepted).Example("""{ "planHash": "the planHash of the held sync" }""").Answers(409);
        group.MapPost("/{id}/syncs/{syncId}/discard", Discard).Needs(Roles.Operator).Produces<SyncView>().Answers(409);
        group.MapRecords();
        group.MapPlan();
        group.MapReconcile();
    }

    /// <summary>Why no sync can start on a connection now: it, its destination or its source is disabled, or one is running. Null when one can.</summary>
    internal static async Task<ProblemAnswer?> ObstacleAsync(StoreContext db, Connection connection, CancellationToken cancellation)
    {
        if (!connection.Enabled)
        {
            return ProblemAnswer.Conflict("The connection is disabled. Enable it (PUT with enabled: true), then start a sync.");
        }

        if (!await db.Destinations.Where(d => d.Id == connection.DestinationId).Select(d => d.Enabled).SingleAsync(cancellation))
        {
            return ProblemAnswer.Conflict("The connection's destination is disabled. Enable it (PUT with enabled: true), then start a sync.");
        }

        if (connection.SourceId is { } source && !await db.Sources.Where(s => s.Id == source).Select(s => s.Enabled).SingleOrDefaultAsync(cancellation))
        {
            return ProblemAnswer.Conflict("The connection's source is disabled. Enable it (PUT with enabled: true), then start a sync.");
        }

        var running = await db.Syncs.Where(s => s.ConnectionNo == connection.No && s.Active).Select(s => s.Id).FirstOrDefaultAsync(cancellation);
        return running is null ? null : Running(running);
    }

    /// <summary>Why a sync could not be stored, although nothing stood against it a moment before.</summary>
    internal static async Task<ProblemAnswer> OvertakenAsync(StoreContext db, Connection connection, CancellationToken cancellation)
        => await db.Connections.AnyAsync(c => c.No == connection.No && !c.Deleted, cancellation)
            ? await ObstacleAsync(db, connection, cancellation) ?? Running(null)
            : ProblemAnswer.NotFound("connection");

    internal static ProblemAnswer Running(string? syncId)
    {
        var answer = ProblemAnswer.Conflict("A sync of this connection is already running. Wait until it has ended, or stop it.").RetryAfter(TimeSpan.FromSeconds(5));
        return syncId is null ? answer : answer.With("syncId", JsonValue.Create(syncId));
    }

    /// <summary>What was recorded of a sync's records and requests is gone; an empty page would say that there had been none.</summary>
    internal static ProblemAnswer Purged()
        => ProblemAnswer.Conflict("The records and requests of this sync have been removed by retention (Retention__Records), or since a newer sync of the source was held. Its report is still there.");

    internal static async Task<(Connection Connection, Sync Sync)?> FindAsync(StoreContext db, string id, string syncId, CancellationToken cancellation)
        => await db.Connections.AsNoTracking().SingleOrDefaultAsync(c => c.Id == id && !c.Deleted, cancellation) is { } connection
            && await db.Syncs.AsNoTracking().SingleOrDefaultAsync(s => s.Id == syncId && s.ConnectionNo == connection.No, cancellation) is { } sync
                ? (connection, sync)
                : null;

    /// <summary>Starts a sync of the connection's source and answers at once; the sync runs in the background.</summary>
    private static Task<IResult> Start(string id, [FromBody] StartRequest? request, StoreContext db, SourceStart source, CancellationToken cancellation)
        => StartAsync(id, request, dryRun: false, db, source, cancellation);

    /// <summary>Plans a sync of the connection's source without sending anything: it ends as <c>planned</c>, and can be approved. For pushed records use <c>dryRun=true</c>.</summary>
    private static Task<IResult> Plan(string id, [FromBody] StartRequest? request, StoreContext db, SourceStart source, CancellationToken cancellation)
        => StartAsync(id, request, dryRun: true, db, source, cancellation);

    private static async Task<IResult> StartAsync(
        string id, StartRequest? request, bool dryRun, StoreContext db, SourceStart source, CancellationToken cancellation)
    {
        if (request?.SyncType is not (null or "incremental" or "full"))
        {
            return ProblemAnswer.BadField("syncType", "must be incremental or full.");
        }

        if (await db.Connections.AsNoTracking().SingleOrDefaultAsync(c => c.Id == id && !c.Deleted, cancellation) is not { } connection)
        {
            return ProblemAnswer.NotFound("connection");
        }

        if (connection.SourceId is null)
        {
            return ProblemAnswer.Conflict("The connection has no source: it takes pushed records only (POST …/syncs).");
        }

        if (await ObstacleAsync(db, connection, cancellation) is { } obstacle)
        {
            return obstacle;
        }

        var sync = await source.StartAsync(connection, request?.SyncType == "full", dryRun, SyncTrigger.Manual, cancellation);
        return sync is null ? await OvertakenAsync(db, connection, cancellation) : TypedResults.Ok(new SourceSync(sync.Id));
    }

    /// <summary>Stops the connection's running sync, if there is one: nothing further is sent, what is on the wire is still recorded.</summary>
    private static async Task<Results<NoContent, ProblemAnswer>> Stop(string id, StoreContext db, SyncMonitor monitor, CancellationToken cancellation)
    {
        if (await db.Connections.AsNoTracking().SingleOrDefaultAsync(c => c.Id == id && !c.Deleted, cancellation) is not { } connection)
        {
            return ProblemAnswer.NotFound("connection");
        }

        foreach (var sync in await db.Syncs.Where(s => s.ConnectionNo == connection.No && s.Active).Select(s => s.No).ToListAsync(cancellation))
        {
            await CancelAsync(db, monitor, sync, cancellation);
        }

        return TypedResults.NoContent();
    }

    /// <summary>Cancels a sync; nothing happens when it has ended already.</summary>
    private static async Task<Results<NoContent, ProblemAnswer>> Cancel(string id, string syncId, StoreContext db, SyncMonitor monitor, CancellationToken cancellation)
    {
        if (await FindAsync(db, id, syncId, cancellation) is not { } found)
        {
            return ProblemAnswer.NotFound("sync");
        }

        if (found.Sync.Active)
        {
            await CancelAsync(db, monitor, found.Sync.No, cancellation);
        }

        return TypedResults.NoContent();
    }

    /// <summary>Lists the syncs of a connection, newest first.</summary>
    private static async Task<IResult> List(
        string id,
        HttpRequest request,
        StoreContext db,
        SyncMonitor monitor,
        [FromQuery] string? status,
        [FromQuery(Name = "started_after")] string? startedAfter,
        [FromQuery(Name = "started_before")] string? startedBefore,
        [FromQuery] int? page,
        [FromQuery(Name = "per_page")] int? perPage,
        CancellationToken cancellation)
    {
        Dictionary<string, string[]> errors = [];
        if (status is not (null or "running" or "succeeded" or "failed"))
        {
            errors["status"] = ["must be running, succeeded or failed."];
        }

        if (page is < 1 or > 1_000_000)
        {
            errors["page"] = ["must be from 1 to 1000000."];
        }

        if (perPage is < 1 or > 500)
        {
            errors["per_page"] = ["must be from 1 to 500."];
        }

        var after = Moment("started_after", startedAfter, errors);
        var before = Moment("started_before", startedBefore, errors);
        if (errors.Count > 0)
        {
            return ProblemAnswer.BadFields(errors);
        }

        var query = new PageQuery(page, perPage);
        if (await db.Connections.AsNoTracking().SingleOrDefaultAsync(c => c.Id == id && !c.Deleted, cancellation) is not { } connection)
        {
            return ProblemAnswer.NotFound("connection");
        }

        var wanted = db.Syncs.AsNoTracking().Where(s => s.ConnectionNo == connection.No);
        if (status is not null)
        {
            wanted = wanted.WithStatus(status);
        }

        if (after is not null)
        {
            wanted = wanted.Where(s => s.StartedAt > after);
        }

        if (before is not null)
        {
            wanted = wanted.Where(s => s.StartedAt < before);
        }

        var (rows, paging) = await wanted.OrderByDescending(s => s.No).PageAsync(request, query, cancellation);
        return TypedResults.Ok(new SyncPage([.. rows.Select(s => SyncView.Of(s, id, monitor))], paging));
    }

    private static DateTimeOffset? Moment(string name, string? text, Dictionary<string, string[]> errors)
    {
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment))
        {
            return moment;
        }

        errors[name] = ["must be a time in ISO 8601, e.g. 2026-01-31T12:00:00Z."];
        return null;
    }

    /// <summary>One sync with its report; while it runs, with what is known so far.</summary>
    private static async Task<Results<Ok<SyncView>, ProblemAnswer>> Get(string id, string syncId, StoreContext db, SyncMonitor monitor, CancellationToken cancellation)
        => await FindAsync(db, id, syncId, cancellation) is { } found
            ? TypedResults.Ok(SyncView.Of(found.Sync, id, monitor))
            : ProblemAnswer.NotFound("sync");

    /// <summary>Follows a sync as server-sent events: <c>progress</c> at most twice a second, then one <c>finished</c>.</summary>
    private static async Task<IResult> Events(string id, string syncId, StoreContext db, SyncFeed feed, CancellationToken cancellation)
        => await FindAsync(db, id, syncId, cancellation) is { } found
            ? TypedResults.ServerSentEvents(feed.FollowAsync(found.Sync.No, id, cancellation).Select(v => new SseItem<SyncView>(v, v.Phase == "closed" ? "finished" : "progress")))
            : ProblemAnswer.NotFound("sync");

    /// <summary>The requests that a sync made to Iterable, in their order, with answers that hold no personal data.</summary>
    private static async Task<IResult> Requests(
        string id, string syncId, HttpRequest request, StoreContext db, LeanStore store, PageQuery.Validator validator,
        [FromQuery] int? page, [FromQuery] int? pageSize, [FromQuery] int? batch, CancellationToken cancellation)
    {
        var query = new PageQuery(page, pageSize);
        if (validator.Check(query) is { } problem)
        {
            return problem;
        }

        return await FindAsync(db, id, syncId, cancellation) is not { } found ? ProblemAnswer.NotFound("sync")
            : found.Sync.RecordsPurged ? Purged()
            : TypedResults.Ok(RequestPages.Read(store, found.Sync.No, batch, request, query));
    }

    /// <summary>Runs exactly the plan of a held or planned sync, as a new sync.</summary>
    private static async Task<IResult> Approve(string id, string syncId, ApproveRequest request, StoreContext db, Approval approval, CancellationToken cancellation)
    {
        if (await FindAsync(db, id, syncId, cancellation) is not { } found)
        {
            return ProblemAnswer.NotFound("sync");
        }

        if (string.IsNullOrEmpty(request.PlanHash))
        {
            return ProblemAnswer.BadField("planHash", "is missing: send the planHash of the sync whose plan you approve.");
        }

        var (sync, conflict) = await approval.ApproveAsync(found.Connection, found.Sync, request.PlanHash, cancellation);
        return conflict is not null
            ? conflict
            : TypedResults.Accepted($"/v2/retl-connections/{id}/syncs/{sync!.Id}", new PushEndpoint.StartedSync(sync.Id, "running"));
    }

    /// <summary>Ends a held plan for good.</summary>
    private static async Task<IResult> Discard(string id, string syncId, StoreContext db, Approval approval, SyncMonitor monitor, CancellationToken cancellation)
    {
        if (await FindAsync(db, id, syncId, cancellation) is not { } found)
        {
            return ProblemAnswer.NotFound("sync");
        }

        return await approval.DiscardAsync(found.Sync, cancellation)
            ?? (IResult)TypedResults.Ok(SyncView.Of(await db.Syncs.AsNoTracking().SingleAsync(s => s.No == found.Sync.No, cancellation), id, monitor));
    }

    private static async Task CancelAsync(StoreContext db, SyncMonitor monitor, long sync, CancellationToken cancellation)
    {
        await db.Syncs.Where(s => s.No == sync && s.Active).ExecuteUpdateAsync(u => u.SetProperty(s => s.CancelRequested, true), cancellation);
        if (monitor.Find(sync) is { } progress)
        {
            await progress.Stop.CancelAsync();
        }
    }

    /// <param name="SyncId">The sync that was started.</param>
    internal sealed record SourceSync(string SyncId);

    /// <param name="SyncType"><c>incremental</c> (when absent) or <c>full</c>. A sync that has nothing to compare with is a full one whatever is asked for.</param>
    internal sealed record StartRequest(string? SyncType);

    /// <param name="PlanHash">The hash of the plan, as the held sync shows it.</param>
    internal sealed record ApproveRequest(string? PlanHash);

    /// <summary>One page of syncs.</summary>
    internal sealed record SyncPage(IReadOnlyList<SyncView> Syncs, Paging Paging);
}
