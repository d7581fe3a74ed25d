using System.Text.Json;
using IterableAudience.Accounts;
using IterableAudience.Hosting;
using IterableAudience.Store;
using IterableAudience.Warehouses;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace IterableAudience.Sources;

/// <summary>Previews, in the two steps of RudderStack's API: asked for, then fetched. What is stored is the question; the rows are read when they are fetched, and never kept.</summary>
internal static class PreviewEndpoints
{
    private static readonly TimeSpan Kept = TimeSpan.FromHours(1);

    public static void MapPreviews(this RouteGroupBuilder sources)
    {
        sources.MapPost("/preview", Ask).Needs(Roles.Operator).Validate<PreviewRequest>()
            .Example("""{ "accountId": "{warehouseId}", "sql": "SELECT * FROM customers", "limit": 10, "primaryKey": "ID", "identifiers": [ { "from": "EMAIL", "to": "email" } ] }""");
        sources.MapGet("/preview/{id}", Fetch).Needs(Roles.Operator);
    }

    /// <summary>Asks for a look at some rows of a table or of a model's SQL. The answer's id is good for an hour.</summary>
    private static async Task<Results<Ok<PreviewId>, ProblemAnswer>> Ask(PreviewRequest request, StoreContext db, TimeProvider time, CancellationToken cancellation)
    {
        if (await AccountAsync(db, request.AccountId!, cancellation) is null)
            return ProblemAnswer.BadField("accountId", "names no warehouse account; GET /v2/accounts lists them.");
        var now = time.GetUtcNow();
        await db.Previews.Where(p => p.CreatedAt < now - Kept).ExecuteDeleteAsync(cancellation);
        var preview = new Preview { Id = ShortId.New(), RequestJson = JsonSerializer.Serialize(request, JsonSetup.Options), CreatedAt = now };
        db.Previews.Add(preview);
        await db.SaveChangesAsync(cancellation);
        return TypedResults.Ok(new PreviewId(preview.Id));
    }

    /// <summary>Reads the rows, with what validation would say of each. Holds personal data: for operators.</summary>
    private static async Task<Results<Ok<PreviewView>, ProblemAnswer>> Fetch(
        string id, StoreContext db, WarehouseDirectory warehouses, TimeProvider time, CancellationToken cancellation)
    {
        var oldest = time.GetUtcNow() - Kept;
        if (await db.Previews.AsNoTracking().SingleOrDefaultAsync(p => p.Id == id && p.CreatedAt >= oldest, cancellation) is not { } preview)
            return ProblemAnswer.NotFound("preview");
        var request = JsonSerializer.Deserialize<PreviewRequest>(preview.RequestJson, JsonSetup.Options)!;
        if (await AccountAsync(db, request.AccountId!, cancellation) is not { } account)
            return TypedResults.Ok(new PreviewView("failed", [], [], [], "The account of the preview has been deleted."));
        try
        {
            return TypedResults.Ok(await warehouses.LookAsync(account, (session, stop) => PreviewReader.Read(session, request, stop), cancellation));
        }
        catch (WarehouseException failure)
        {
            return TypedResults.Ok(new PreviewView("failed", [], [], [], failure.Message));
        }
    }

    private static Task<Account?> AccountAsync(StoreContext db, string id, CancellationToken cancellation)
        => db.Accounts.AsNoTracking().SingleOrDefaultAsync(a => a.Id == id && a.ProjectKey == null, cancellation);

    internal sealed record PreviewId(string Id);
}
