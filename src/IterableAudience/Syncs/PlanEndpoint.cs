using IterableAudience.Accounts;
using IterableAudience.Connections;
using IterableAudience.Hosting;
using IterableAudience.Iterable;
using IterableAudience.Store;
using IterableAudience.Syncs.Plan;
using IterableAudience.Syncs.Report;

namespace IterableAudience.Syncs;

/// <summary>What somebody should look at before a plan is approved.</summary>
public static class PlanEndpoint
{
    internal static void MapPlan(this RouteGroupBuilder connections)
        => connections.MapGet("/{id}/syncs/{syncId}/plan", Get).Produces<PlanView>().Answers(409);

    /// <summary>The plan of a dry run, or of a sync that is held: how much of what, some of each, how many requests, how long they take, and whether the guard would hold it.</summary>
    private static async Task<IResult> Get(
        string id, string syncId, HttpContext context, StoreContext db, LeanStore store, KeyedHash hash, ProjectDirectory projects, ProjectPacers pacers, CancellationToken cancellation)
    {
        if (await SyncEndpoints.FindAsync(db, id, syncId, cancellation) is not { } found)
        {
            return ProblemAnswer.NotFound("sync");
        }

        var (connection, sync) = found;
        if (sync.Active || sync.PlanHash is null)
        {
            return ProblemAnswer.Conflict(sync.Active ? "The sync is not planned yet. Wait until it has ended." : "The sync ended before it had a plan.");
        }

        if (sync.RecordsPurged)
        {
            return SyncEndpoints.Purged();
        }

        var counts = SyncJson.Counts(sync.CountsJson);
        var limits = pacers.LimitsOf(await projects.ForConnectionAsync(connection, cancellation));
        var requests = new PlanRequests(Estimate.OpenRequests(counts.PlannedSubscribes, 0), Estimate.OpenRequests(0, counts.PlannedUnsubscribes));
        var held = Guard.Judge(PlanSettings.Of(connection).Guard, counts, sync.Full);
        return TypedResults.Ok(new PlanView(
            sync.PlanHash,
            new(counts.PlannedSubscribes, counts.PlannedUnsubscribes),
            requests,
            (long)Math.Ceiling((requests.Subscribe + requests.Unsubscribe) / limits.RequestsPerSecond),
            new(held is not null, held ?? "", counts.Removals, counts.MembersBefore),
            new PlanSamples(store, hash, sync).Read(masked: !context.User.IsInRole(Roles.Operator) && !context.User.IsInRole(Roles.Admin), cancellation)));
    }

    /// <param name="PlanHash">Names exactly this plan; an approval sends it back.</param>
    /// <param name="Operations">People that would be put on the list, and taken off.</param>
    /// <param name="Requests">What that takes.</param>
    /// <param name="EtaSeconds">How long the requests take at the project's rate budget, if nothing else uses it.</param>
    /// <param name="Guard">What the guard says of it, by the connection's settings now.</param>
    /// <param name="Samples">Some records of each action: insert, update, delete.</param>
    public sealed record PlanView(
        string PlanHash, OperationCounts Operations, PlanRequests Requests, long EtaSeconds, GuardView Guard, IReadOnlyDictionary<string, IReadOnlyList<RecordView>> Samples);

    public sealed record PlanRequests(long Subscribe, long Unsubscribe);

    /// <param name="WouldHold">Whether a sync with this plan is held.</param>
    /// <param name="Why">In one sentence; empty when it isn't.</param>
    /// <param name="Removals">People whom it would take off: members, and whom another row or connection held until now.</param>
    /// <param name="Members">Members before it.</param>
    public sealed record GuardView(bool WouldHold, string Why, long Removals, long Members);
}
