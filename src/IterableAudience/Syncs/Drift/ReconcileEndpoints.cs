using System.Text.Json;
using IterableAudience.Connections;
using IterableAudience.Hosting;
using IterableAudience.Store;
using Microsoft.EntityFrameworkCore;

namespace IterableAudience.Syncs.Drift;

/// <summary>Drift: what the ledger says and what Iterable has.</summary>
internal static class ReconcileEndpoints
{
    public static void MapReconcile(this RouteGroupBuilder connections)
    {
        connections.MapPost("/{id}/reconcile", Start).Needs(Roles.Operator).Produces<Started>(StatusCodes.Status202Accepted);
        connections.MapGet("/{id}/reconcile/{reconcileId}", Get).Produces<ReconcileView>();
    }

    /// <summary>Compares the ledger with Iterable's list, in the background; nothing is changed. While a comparison of the connection runs, that one is answered.</summary>
    private static async Task<IResult> Start(string id, StoreContext db, Reconciler reconciler, CancellationToken cancellation)
    {
        if (await FindAsync(db, id, cancellation) is not { } connection)
        {
            return ProblemAnswer.NotFound("connection");
        }

        var reconcile = await reconciler.StartAsync(connection, cancellation);
        return TypedResults.Accepted($"/v2/retl-connections/{id}/reconcile/{reconcile}", new Started(reconcile));
    }

    /// <summary>A comparison: <c>running</c>, <c>completed</c> with its report, or <c>failed</c> without a verdict.</summary>
    private static async Task<IResult> Get(string id, string reconcileId, StoreContext db, Reconciler reconciler, CancellationToken cancellation)
        => await FindAsync(db, id, cancellation) is { } connection && await reconciler.FindAsync(connection, reconcileId, cancellation) is { } found
            ? TypedResults.Ok(new ReconcileView(
                found.Id, JsonNamingPolicy.SnakeCaseLower.ConvertName(found.Status.ToString()), found.StartedAt, found.FinishedAt, found.Error,
                found.ReportJson is null ? null : JsonSerializer.Deserialize<DriftReport>(found.ReportJson, JsonSetup.Options)))
            : ProblemAnswer.NotFound("comparison");

    private static Task<Connection?> FindAsync(StoreContext db, string id, CancellationToken cancellation)
        => db.Connections.AsNoTracking().SingleOrDefaultAsync(c => c.Id == id && !c.Deleted, cancellation);

    internal sealed record Started(string ReconcileId);

    /// <param name="Status"><c>running</c>, <c>completed</c> or <c>failed</c>.</param>
    /// <param name="Error">Why there is no verdict.</param>
    /// <param name="Report">Counts, and a masked sample; null while there is no verdict.</param>
    internal sealed record ReconcileView(string Id, string Status, DateTimeOffset StartedAt, DateTimeOffset? FinishedAt, string Error, DriftReport? Report);
}
