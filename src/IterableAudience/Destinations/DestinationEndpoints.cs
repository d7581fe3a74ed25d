using FluentValidation;
using IterableAudience.Accounts;
using IterableAudience.Hosting;
using IterableAudience.Store;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace IterableAudience.Destinations;

/// <summary>Destinations: Iterable accounts made available to connections.</summary>
internal static class DestinationEndpoints
{
    private const string Example = """
        { "name": "Acme list from Swagger", "type": "ITERABLE_AUDIENCE", "enabled": true, "config": { "rudderAccountId": "{accountId}" } }
        """;

    public static void MapDestinations(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/v2/destinations").WithTags("Destinations").Needs(Roles.Viewer);
        group.MapPost("/", Create).Needs(Roles.Admin).Validate<DestinationRequest>().Answers(409).Example(Example);
        group.MapGet("/", List).Validate<PageQuery>();
        group.MapGet("/{id}", Get);
        group.MapPut("/{id}", Update).Needs(Roles.Admin).Answers(409).Example("""{ "enabled": true }""");
        group.MapDelete("/{id}", Delete).Needs(Roles.Admin).Answers(409);
        group.MapPut("/{id}/external-id", SetExternalId).Needs(Roles.Admin).Validate<ExternalIdRequest>().Example("""{ "externalId": "acme-list" }""");
    }

    /// <summary>Makes a destination of an Iterable account.</summary>
    private static async Task<Results<Created<DestinationEnvelope>, ProblemAnswer>> Create(
        DestinationRequest request, StoreContext db, TimeProvider time, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var destination = new Destination
        {
            Id = ShortId.New(),
            Name = request.Name!,
            AccountId = request.Config!.RudderAccountId!,
            Enabled = request.Enabled ?? true,
            CreatedAt = now,
            UpdatedAt = now,
        };
        if (await AccountAsync(db, destination.AccountId, cancellation) is null)
            return NoSuchAccount();
        db.Destinations.Add(destination);
        return await SaveAsync(db, destination, cancellation) is { } taken
            ? taken
            : TypedResults.Created($"/v2/destinations/{destination.Id}", DestinationEnvelope.Of(destination));
    }

    /// <summary>Lists the destinations, oldest first.</summary>
    private static async Task<DestinationPage> List([AsParameters] PageQuery query, HttpRequest request, StoreContext db, CancellationToken cancellation)
    {
        var (rows, paging) = await db.Destinations.AsNoTracking().OrderBy(d => d.CreatedAt).ThenBy(d => d.Id).PageAsync(request, query, cancellation);
        return new([.. rows.Select(DestinationView.Of)], paging);
    }

    /// <summary>One destination.</summary>
    private static async Task<Results<Ok<DestinationEnvelope>, ProblemAnswer>> Get(string id, StoreContext db, CancellationToken cancellation)
        => await db.Destinations.AsNoTracking().SingleOrDefaultAsync(d => d.Id == id, cancellation) is { } destination
            ? TypedResults.Ok(DestinationEnvelope.Of(destination))
            : ProblemAnswer.NotFound("destination");

    /// <summary>Changes a destination; what is absent stays as it is. While it has connections, another account must be in the same data center and of the same project type.</summary>
    private static async Task<Results<Ok<DestinationEnvelope>, ProblemAnswer>> Update(
        string id, DestinationRequest request, IValidator<DestinationRequest> validator, StoreContext db, TimeProvider time, CancellationToken cancellation)
    {
        if (await db.Destinations.SingleOrDefaultAsync(d => d.Id == id, cancellation) is not { } destination)
            return ProblemAnswer.NotFound("destination");
        var whole = new DestinationRequest(
            request.Name ?? destination.Name,
            request.Type ?? DestinationRequest.OnlyType,
            request.Enabled ?? destination.Enabled,
            new(request.Config?.RudderAccountId ?? destination.AccountId));
        if (validator.Check(whole) is { } problem)
            return problem;
        if (whole.Config!.RudderAccountId != destination.AccountId && await CannotMoveAsync(db, destination, whole.Config.RudderAccountId!, cancellation) is { } refusal)
            return refusal;

        destination.Name = whole.Name!;
        destination.Enabled = whole.Enabled!.Value;
        destination.AccountId = whole.Config.RudderAccountId!;
        destination.UpdatedAt = time.GetUtcNow();
        return await SaveAsync(db, destination, cancellation) is { } taken ? taken : TypedResults.Ok(DestinationEnvelope.Of(destination));
    }

    /// <summary>Deletes a destination that has no connections.</summary>
    private static async Task<Results<NoContent, ProblemAnswer>> Delete(string id, StoreContext db, CancellationToken cancellation)
    {
        if (await db.Destinations.SingleOrDefaultAsync(d => d.Id == id, cancellation) is not { } destination)
            return ProblemAnswer.NotFound("destination");
        if (await HasConnectionsAsync(db, id, cancellation))
            return ProblemAnswer.Conflict("The destination is in use. Delete its connections first.");
        db.Destinations.Remove(destination);
        await db.SaveChangesAsync(cancellation);
        return TypedResults.NoContent();
    }

    /// <summary>Sets or takes away the name that another system has for the destination.</summary>
    private static async Task<Results<Ok<DestinationEnvelope>, ProblemAnswer>> SetExternalId(
        string id, ExternalIdRequest request, StoreContext db, TimeProvider time, CancellationToken cancellation)
    {
        if (await db.Destinations.SingleOrDefaultAsync(d => d.Id == id, cancellation) is not { } destination)
            return ProblemAnswer.NotFound("destination");
        destination.ExternalId = request.ExternalId;
        destination.UpdatedAt = time.GetUtcNow();
        await db.SaveChangesAsync(cancellation);
        return TypedResults.Ok(DestinationEnvelope.Of(destination));
    }

    /// <summary>A connection's list and mapping belong to a data center and a project type.</summary>
    private static async Task<ProblemAnswer?> CannotMoveAsync(StoreContext db, Destination destination, string accountId, CancellationToken cancellation)
    {
        if (await AccountAsync(db, accountId, cancellation) is not { } account)
            return NoSuchAccount();
        if (!await HasConnectionsAsync(db, destination.Id, cancellation))
            return null;
        var before = AccountOptions.Of((await AccountAsync(db, destination.AccountId, cancellation))!);
        var after = AccountOptions.Of(account);
        return before.DataCenter == after.DataCenter && before.ProjectType == after.ProjectType
            ? null
            : ProblemAnswer.Conflict("The destination has connections, so its account can only be replaced by one in the same data center and of the same project type.");
    }

    private static Task<Account?> AccountAsync(StoreContext db, string id, CancellationToken cancellation)
        => db.Accounts.AsNoTracking().SingleOrDefaultAsync(a => a.Id == id && a.ProjectKey != null, cancellation);

    private static ProblemAnswer NoSuchAccount()
        => ProblemAnswer.BadField("config.rudderAccountId", "names no Iterable account; GET /v2/accounts lists them.");

    private static Task<bool> HasConnectionsAsync(StoreContext db, string id, CancellationToken cancellation)
        => db.Connections.AnyAsync(c => c.DestinationId == id && !c.Deleted, cancellation);

    /// <returns>The problem when another destination has the name, which a request at the same time may have taken; else null.</returns>
    private static async Task<ProblemAnswer?> SaveAsync(StoreContext db, Destination destination, CancellationToken cancellation)
    {
        try
        {
            if (!await db.Destinations.AnyAsync(d => d.Name == destination.Name && d.Id != destination.Id, cancellation))
            {
                await db.SaveChangesAsync(cancellation);
                return null;
            }
        }
        catch (DbUpdateException e) when (e.IsUniqueViolation())
        {
        }

        return ProblemAnswer.Conflict("Another destination has this name; names of destinations are unique.");
    }
}
