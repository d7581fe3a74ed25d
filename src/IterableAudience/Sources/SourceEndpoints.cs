using FluentValidation;
using IterableAudience.Accounts;
using IterableAudience.Hosting;
using IterableAudience.Store;
using IterableAudience.Warehouses;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;

namespace IterableAudience.Sources;

/// <summary>Sources: tables and models of warehouses.</summary>
internal static class SourceEndpoints
{
    private const string Example = """
        { "name": "Customers from Swagger", "sourceType": "model", "sourceDefinitionName": "duckdb", "accountId": "{warehouseId}", "enabled": true,
          "config": { "primaryKey": "ID", "sql": "SELECT * FROM customers" } }
        """;

    public static void MapSources(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/v2/retl-sources").WithTags("Sources").Needs(Roles.Viewer);
        group.MapPost("/", Create).Needs(Roles.Admin).Validate<SourceRequest>().Example(Example);
        group.MapGet("/", List).Validate<PageQuery>();
        group.MapGet("/{id}", Get);
        group.MapPut("/{id}", Update).Needs(Roles.Admin).Example("""{ "enabled": true }""");
        group.MapDelete("/{id}", Delete).Needs(Roles.Admin).Answers(409);
        group.MapPut("/{id}/external-id", SetExternalId).Needs(Roles.Admin).Validate<ExternalIdRequest>().Example("""{ "externalId": "customers" }""");
        group.MapPreviews();
    }

    /// <summary>Makes a source. The warehouse is not asked: a preview shows whether it can be read.</summary>
    private static async Task<Results<Created<SourceView>, ProblemAnswer>> Create(
        SourceRequest request, StoreContext db, WarehouseKinds kinds, TimeProvider time, CancellationToken cancellation)
    {
        if (await AccountFaultAsync(db, kinds, request.AccountId!, request.SourceDefinitionName!, cancellation) is { } fault)
            return fault;
        var now = time.GetUtcNow();
        var source = new Source
        {
            Id = ShortId.New(),
            Name = request.Name!,
            SourceType = request.SourceType!,
            DefinitionName = request.SourceDefinitionName!,
            AccountId = request.AccountId!,
            Enabled = request.Enabled ?? true,
            ConfigJson = request.Config!.NormalizedFor(request.SourceType).ToJson(),
            CreatedAt = now,
            UpdatedAt = now,
        };
        db.Sources.Add(source);
        await db.SaveChangesAsync(cancellation);
        return TypedResults.Created($"/v2/retl-sources/{source.Id}", SourceView.Of(source));
    }

    /// <summary>Lists the sources, oldest first.</summary>
    private static async Task<Page<SourceView>> List(
        [AsParameters] PageQuery query, [FromQuery] bool? hasExternalId, HttpRequest request, StoreContext db, CancellationToken cancellation)
    {
        var wanted = db.Sources.AsNoTracking();
        if (hasExternalId is { } has)
            wanted = wanted.Where(s => s.ExternalId != null == has);
        var (rows, paging) = await wanted.OrderBy(s => s.CreatedAt).ThenBy(s => s.Id).PageAsync(request, query, cancellation);
        return new([.. rows.Select(SourceView.Of)], paging);
    }

    /// <summary>One source.</summary>
    private static async Task<Results<Ok<SourceView>, ProblemAnswer>> Get(string id, StoreContext db, CancellationToken cancellation)
        => await db.Sources.AsNoTracking().SingleOrDefaultAsync(s => s.Id == id, cancellation) is { } source
            ? TypedResults.Ok(SourceView.Of(source))
            : ProblemAnswer.NotFound("source");

    /// <summary>Changes a source; what is absent stays as it is. Another table, model, primary key or account makes the next sync of its connections a full one.</summary>
    private static async Task<Results<Ok<SourceView>, ProblemAnswer>> Update(
        string id, SourceRequest request, IValidator<SourceRequest> validator, StoreContext db, WarehouseKinds kinds, TimeProvider time, CancellationToken cancellation)
    {
        if (await db.Sources.SingleOrDefaultAsync(s => s.Id == id, cancellation) is not { } source)
            return ProblemAnswer.NotFound("source");
        var whole = new SourceRequest(
            request.Name ?? source.Name,
            request.SourceType ?? source.SourceType,
            request.SourceDefinitionName ?? source.DefinitionName,
            request.AccountId ?? source.AccountId,
            request.Enabled ?? source.Enabled,
            request.Config ?? SourceConfig.Of(source));
        if (validator.Check(whole) is { } problem)
            return problem;
        if (whole.SourceType != source.SourceType)
            return ProblemAnswer.BadField("sourceType", "can't be changed; make another source.");
        if (whole.SourceDefinitionName != source.DefinitionName)
            return ProblemAnswer.BadField("sourceDefinitionName", "can't be changed; make another source.");
        if (whole.AccountId != source.AccountId && await AccountFaultAsync(db, kinds, whole.AccountId!, source.DefinitionName, cancellation) is { } fault)
            return fault;

        var config = whole.Config!.NormalizedFor(source.SourceType);
        var readsOther = whole.AccountId != source.AccountId || !config.ReadsAlike(SourceConfig.Of(source));
        source.Name = whole.Name!;
        source.AccountId = whole.AccountId!;
        source.Enabled = whole.Enabled!.Value;
        source.ConfigJson = config.ToJson();
        source.UpdatedAt = time.GetUtcNow();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        await db.SaveChangesAsync(cancellation);
        if (readsOther)
        {
            // A plan that was made of other rows can't be approved any more.
            await db.Connections.Where(c => c.SourceId == id).ExecuteUpdateAsync(u => u.SetProperty(c => c.Version, c => c.Version + 1), cancellation);
        }

        await transaction.CommitAsync(cancellation);
        return TypedResults.Ok(SourceView.Of(source));
    }

    /// <summary>Deletes a source that no connection reads.</summary>
    private static async Task<Results<NoContent, ProblemAnswer>> Delete(string id, StoreContext db, CancellationToken cancellation)
    {
        if (await db.Sources.SingleOrDefaultAsync(s => s.Id == id, cancellation) is not { } source)
            return ProblemAnswer.NotFound("source");
        if (await db.Connections.AnyAsync(c => c.SourceId == id && !c.Deleted, cancellation))
            return ProblemAnswer.Conflict("The source is in use. Delete its connections first.");
        db.Sources.Remove(source);
        await db.SaveChangesAsync(cancellation);
        return TypedResults.NoContent();
    }

    /// <summary>Sets or takes away the name that another system has for the source.</summary>
    private static async Task<Results<Ok<SourceView>, ProblemAnswer>> SetExternalId(
        string id, ExternalIdRequest request, StoreContext db, TimeProvider time, CancellationToken cancellation)
    {
        if (await db.Sources.SingleOrDefaultAsync(s => s.Id == id, cancellation) is not { } source)
            return ProblemAnswer.NotFound("source");
        source.ExternalId = request.ExternalId;
        source.UpdatedAt = time.GetUtcNow();
        await db.SaveChangesAsync(cancellation);
        return TypedResults.Ok(SourceView.Of(source));
    }

    private static async Task<ProblemAnswer?> AccountFaultAsync(
        StoreContext db, WarehouseKinds kinds, string accountId, string definition, CancellationToken cancellation)
        => await db.Accounts.AsNoTracking().Where(a => a.Id == accountId).Select(a => a.DefinitionName).SingleOrDefaultAsync(cancellation) switch
        {
            null => ProblemAnswer.BadField("accountId", "names no account; GET /v2/accounts lists them."),
            var name when name != kinds.Named(definition)!.AccountDefinition => ProblemAnswer.BadField(
                "accountId", $"names an account of another kind; a source of {definition} needs one of {kinds.Named(definition)!.AccountDefinition}."),
            _ => null,
        };
}
