using System.Text.Json.Serialization;
using IterableAudience.Hosting;
using IterableAudience.Store;
using IterableAudience.Warehouses;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace IterableAudience.Accounts;

/// <summary>What a warehouse has, for whoever makes a source: names and types, no rows.</summary>
internal static class BrowseEndpoints
{
    public static void MapBrowsing(this RouteGroupBuilder accounts)
    {
        accounts.MapGet("/{id}/schemas", Schemas).Answers(400, 502);
        accounts.MapGet("/{id}/schemas/{schema}/tables", Tables).Answers(400, 502);
        accounts.MapGet("/{id}/schemas/{schema}/tables/{table}/columns", Columns).Answers(400, 502);
    }

    /// <summary>The schemas that the account may read.</summary>
    private static Task<Results<Ok<Page<SchemaView>>, ProblemAnswer>> Schemas(string id, StoreContext db, WarehouseDirectory warehouses, CancellationToken cancellation)
        => LookAsync(id, db, warehouses, (s, stop) => s.Schemas(stop).Select(n => new SchemaView(n)).ToList(), cancellation);

    /// <summary>Tables and views of a schema, with the warehouse's own estimate of their rows.</summary>
    private static Task<Results<Ok<Page<TableView>>, ProblemAnswer>> Tables(
        string id, string schema, StoreContext db, WarehouseDirectory warehouses, CancellationToken cancellation)
        => LookAsync(
            id, db, warehouses, (s, stop) => Found(s.Tables(schema, stop).Select(t => new TableView(t.Name, t.Type, t.RowEstimate)), () => s.Schemas(stop).Contains(schema)), cancellation, "schema");

    /// <summary>Columns of a table or view, with their types in the warehouse's words.</summary>
    private static Task<Results<Ok<Page<ColumnView>>, ProblemAnswer>> Columns(
        string id, string schema, string table, StoreContext db, WarehouseDirectory warehouses, CancellationToken cancellation)
        => LookAsync(
            id, db, warehouses, (s, stop) => Found(s.Columns(schema, table, stop).Select(c => new ColumnView(c.Name, c.Type, s.FormOf(c.Type) == TextForm.Identifier)), () => false), cancellation, "table");

    /// <summary>What was found; null when that is nothing, since it is in something that isn't there.</summary>
    private static List<T>? Found<T>(IEnumerable<T> found, Func<bool> isThere) => found.ToList() is { Count: > 0 } some ? some : isThere() ? [] : null;

    private static async Task<Results<Ok<Page<T>>, ProblemAnswer>> LookAsync<T>(
        string id, StoreContext db, WarehouseDirectory warehouses, Func<WarehouseSession, CancellationToken, List<T>?> look, CancellationToken cancellation, string what = "")
    {
        if (await db.Accounts.AsNoTracking().SingleOrDefaultAsync(a => a.Id == id, cancellation) is not { } account)
            return ProblemAnswer.NotFound("account");
        if (account.ProjectKey is not null)
            return ProblemAnswer.BadRequest("This is an Iterable account; only warehouses have schemas.");
        return await warehouses.LookAsync(account, look, cancellation) is { } found
            ? TypedResults.Ok(new Page<T>(found, new(found.Count, null)))
            : ProblemAnswer.NotInWarehouse(what);
    }

    internal sealed record SchemaView(string Name);

    /// <param name="Type"><c>table</c> or <c>view</c>.</param>
    /// <param name="RowEstimate">What the warehouse believes; absent when it has no idea.</param>
    internal sealed record TableView(string Name, string Type, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? RowEstimate);

    /// <param name="Type">In the warehouse's own words.</param>
    /// <param name="Identifiable">Whether its values can be an e-mail or a userId.</param>
    internal sealed record ColumnView(string Name, string Type, bool Identifiable);
}
