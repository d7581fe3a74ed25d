using System.Text.Json.Nodes;
using FluentValidation;
using IterableAudience.Accounts;
using IterableAudience.Hosting;
using IterableAudience.Store;
using IterableAudience.Syncs.Ledger;
using IterableAudience.Syncs.Mirror;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;

namespace IterableAudience.Connections;

/// <summary>Connections: what keeps a list equal to an audience.</summary>
internal static class ConnectionEndpoints
{
    private const string Example = """
        { "destinationId": "{destinationId}", "enabled": true,
          "schedule": { "type": "manual" },
          "syncBehaviour": "mirror",
          "identifiers": [ { "from": "EMAIL", "to": "email" }, { "from": "ID", "to": "userId" } ],
          "destinationConfig": { "audienceId": "{audienceId}", "updateExistingUsersOnly": false } }
        """;

    public static void MapConnections(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/v2/retl-connections").WithTags("Connections").Needs(Roles.Viewer);
        group.MapPost("/", Create).Needs(Roles.Admin).Validate<ConnectionRequest>().Answers(409, 502).Example(Example);
        group.MapGet("/", List).Validate<PageQuery>();
        group.MapGet("/{id}", Get);
        group.MapPut("/{id}", Update).Needs(Roles.Admin)
            .Example("""{ "enabled": true, "schedule": { "type": "basic", "everyMinutes": 60, "startingAt": "02:30" } }""");
        group.MapDelete("/{id}", Delete).Needs(Roles.Admin).Answers(409);
        group.MapPut("/{id}/external-id", SetExternalId).Needs(Roles.Admin).Validate<ExternalIdRequest>().Example("""{ "externalId": "loyal-customers" }""");
    }

    /// <summary>Makes a connection to an existing static list (audienceId) or to a new one (createList).</summary>
    private static async Task<Results<Created<ConnectionView>, ProblemAnswer>> Create(
        ConnectionRequest request, ConnectionMaker maker, ConnectionViews views, CancellationToken cancellation)
    {
        var (connection, problem) = await maker.MakeAsync(request, cancellation);
        return connection is null
            ? problem!
            : TypedResults.Created($"/v2/retl-connections/{connection.Id}", (await views.OfAsync([connection], cancellation))[0]);
    }

    /// <summary>Lists the connections, oldest first.</summary>
    private static async Task<Page<ConnectionView>> List(
        [AsParameters] PageQuery query,
        [FromQuery] string? sourceId,
        [FromQuery] string? destinationId,
        [FromQuery] bool? hasExternalId,
        HttpRequest request,
        StoreContext db,
        ConnectionViews views,
        CancellationToken cancellation)
    {
        var wanted = db.Connections.AsNoTracking().Where(c => !c.Deleted);
        if (sourceId is not null)
            wanted = wanted.Where(c => c.SourceId == sourceId);
        if (destinationId is not null)
            wanted = wanted.Where(c => c.DestinationId == destinationId);
        if (hasExternalId is { } has)
            wanted = wanted.Where(c => c.ExternalId != null == has);
        var (rows, paging) = await wanted.OrderBy(c => c.No).PageAsync(request, query, cancellation);
        return new(await views.OfAsync(rows, cancellation), paging);
    }

    /// <summary>One connection.</summary>
    private static async Task<Results<Ok<ConnectionView>, ProblemAnswer>> Get(string id, StoreContext db, ConnectionViews views, CancellationToken cancellation)
        => await FindAsync(db, id, cancellation) is { } connection
            ? TypedResults.Ok((await views.OfAsync([connection], cancellation))[0])
            : ProblemAnswer.NotFound("connection");

    /// <summary>Changes enabled, schedule, syncSettings and identifiers; what is absent stays as it is. Anything else that differs is refused: another list is another connection.</summary>
    private static async Task<Results<Ok<ConnectionView>, ProblemAnswer>> Update(
        string id,
        ConnectionRequest request,
        ConnectionRequest.Changes validator,
        StoreContext db,
        ProjectDirectory projects,
        ConnectionViews views,
        ConnectionSignal changed,
        TimeProvider time,
        CancellationToken cancellation)
    {
        if (await FindAsync(db, id, cancellation) is not { } connection)
            return ProblemAnswer.NotFound("connection");
        if (validator.Check(request) is { } problem)
            return problem;
        var project = await projects.ForConnectionAsync(connection, cancellation);
        var faults = ConnectionChange.ImmutableFaults(connection, request);
        if (request.Identifiers is not null)
            faults = faults.Concat(ConnectionRules.MappingFaults(request.Identifiers, project.Type, connection.SourceId is not null));
        if (faults.ByField() is { Count: > 0 } refused)
            return ProblemAnswer.BadFields(refused);

        ConnectionChange.Apply(connection, request, time.GetUtcNow());
        await db.SaveChangesAsync(cancellation);
        changed.Tell(connection.Id);
        return TypedResults.Ok((await views.OfAsync([connection], cancellation))[0]);
    }

    /// <summary>Deletes a connection. Its members stay on the list and no longer hold anybody there.</summary>
    private static async Task<Results<NoContent, ProblemAnswer>> Delete(string id, StoreContext db, LedgerCounts ledger, ConnectionSignal changed, TimeProvider time, CancellationToken cancellation)
    {
        if (await FindAsync(db, id, cancellation) is not { } connection)
            return ProblemAnswer.NotFound("connection");

        // The row first: a push that begins at the same time waits for it and then finds the connection gone, or has it and is found here.
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        if (await db.Connections.Where(c => c.No == connection.No && !c.Deleted).ExecuteUpdateAsync(
            u => u.SetProperty(c => c.Deleted, true).SetProperty(c => c.Enabled, false).SetProperty(c => c.DueAt, (DateTimeOffset?)null).SetProperty(c => c.UpdatedAt, time.GetUtcNow()), cancellation) == 0)
        {
            return ProblemAnswer.NotFound("connection");
        }

        if (await db.Syncs.Where(s => s.ConnectionNo == connection.No && s.Active).Select(s => s.Id).FirstOrDefaultAsync(cancellation) is { } running)
        {
            return ProblemAnswer
                .Conflict("A sync of the connection is running. Stop it (POST …/stop), wait until it has ended, then delete the connection.")
                .With("syncId", JsonValue.Create(running));
        }

        BaselineStore.Forget(db.Database.GetDbConnection(), connection.No); // in the same transaction
        await transaction.CommitAsync(cancellation);
        changed.Tell(connection.Id);
        await ledger.ReleaseAsync(connection.ListNo, connection.No, CancellationToken.None);
        return TypedResults.NoContent();
    }

    /// <summary>Sets or takes away the name that another system has for the connection.</summary>
    private static async Task<Results<Ok<ConnectionView>, ProblemAnswer>> SetExternalId(
        string id, ExternalIdRequest request, StoreContext db, ConnectionViews views, TimeProvider time, CancellationToken cancellation)
    {
        if (await FindAsync(db, id, cancellation) is not { } connection)
            return ProblemAnswer.NotFound("connection");
        connection.ExternalId = request.ExternalId;
        connection.UpdatedAt = time.GetUtcNow();
        await db.SaveChangesAsync(cancellation);
        return TypedResults.Ok((await views.OfAsync([connection], cancellation))[0]);
    }

    private static Task<Connection?> FindAsync(StoreContext db, string id, CancellationToken cancellation)
        => db.Connections.SingleOrDefaultAsync(c => c.Id == id && !c.Deleted, cancellation);
}
