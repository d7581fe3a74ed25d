using System.Text.Json;
using System.Text.Json.Serialization;
using FluentValidation;
using IterableAudience.Hosting;
using IterableAudience.Iterable;
using IterableAudience.Store;
using IterableAudience.Warehouses;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace IterableAudience.Accounts;

/// <summary>What an account sees in Iterable: a test of its credentials, and its lists.</summary>
public static class ListEndpoints
{
    internal static void MapAccountLists(this RouteGroupBuilder accounts)
    {
        accounts.MapPost("/{id}/test", Test).Needs(Roles.Operator).Example("{}");
        accounts.MapGet("/{id}/lists", List).Answers(502);
        accounts.MapPost("/{id}/lists", Create).Needs(Roles.Admin).Validate<NewList>().Answers(409, 502)
            .Example("""{ "name": "Loyal customers", "description": "Made from Swagger" }""");
    }

    /// <summary>Asks Iterable or the warehouse with these credentials. With a list id it also proves, by an empty subscribe, that the key may write to that list. Changes nothing there.</summary>
    private static async Task<Results<Ok<TestView>, ProblemAnswer>> Test(
        string id, TestRequest? request, StoreContext db, ProjectDirectory projects, IterableClient client, ListMaker made, WarehouseDirectory warehouses, CancellationToken cancellation)
    {
        if (await db.Accounts.AsNoTracking().SingleOrDefaultAsync(a => a.Id == id, cancellation) is not { } account)
            return ProblemAnswer.NotFound("account");
        if (account.ProjectKey is null)
            return TypedResults.Ok(await TestWarehouseAsync(account, warehouses, cancellation));

        try
        {
            var project = projects.For(account);
            var lists = await client.GetListsAsync(project, refresh: true, cancellation);
            if (request?.ListId is not { } listId)
                return TypedResults.Ok(new TestView(true));
            var list = lists.FirstOrDefault(l => l.Id == listId);
            if (list is null && made.JustMade(project, listId) is null)
                return TypedResults.Ok(new TestView(false, "unknown_list", "The project has no list with this id."));
            if (list is { IsStatic: false })
                return TypedResults.Ok(new TestView(false, "list_not_static", "The list isn't static, so nobody can be put on it."));
            await client.ProbeAsync(project, listId, cancellation);
            return TypedResults.Ok(new TestView(true));
        }
        catch (IterableFailureException failure)
        {
            return TypedResults.Ok(new TestView(false, JsonNamingPolicy.SnakeCaseLower.ConvertName(failure.Category.ToString()), failure.Message));
        }
    }

    private static async Task<TestView> TestWarehouseAsync(Account account, WarehouseDirectory warehouses, CancellationToken cancellation)
    {
        try
        {
            await warehouses.LookAsync(account, (session, stop) => session.Schemas(stop), cancellation);
            return new(true);
        }
        catch (WarehouseException failure)
        {
            return new(false, failure.Reason, failure.Message);
        }
    }

    /// <summary>The lists of the project. Only static ones can be kept by a connection.</summary>
    /// <param name="id">The account.</param>
    /// <param name="refresh">Asks Iterable again instead of answering from a short memory.</param>
    private static async Task<Results<Ok<Lists>, ProblemAnswer>> List(
        string id, StoreContext db, ProjectDirectory projects, IterableClient client, CancellationToken cancellation, bool refresh = false)
    {
        var (project, problem) = await ProjectAsync(id, db, projects, cancellation);
        if (project is null)
            return problem!;
        var lists = await client.GetListsAsync(project, refresh, cancellation);
        return TypedResults.Ok(new Lists([.. lists.Select(l => new ListView(l.Id, l.Name, l.Description, l.ListType, l.CreatedAt, l.IsStatic))]));
    }

    /// <summary>Makes a static list in Iterable. If one of that name exists, the answer is 409 with its id.</summary>
    private static async Task<Results<Created<NewListView>, ProblemAnswer>> Create(
        string id, NewList request, StoreContext db, ProjectDirectory projects, ListMaker lists, CancellationToken cancellation)
    {
        var (project, problem) = await ProjectAsync(id, db, projects, cancellation);
        if (project is null)
            return problem!;
        var (listId, existed) = await lists.MakeAsync(project, request.Name!, request.Description, cancellation);
        return existed ? Exists(listId) : TypedResults.Created($"/v2/accounts/{id}/lists", new NewListView(listId));
    }

    /// <summary>The answer when a list of the wanted name is there already.</summary>
    internal static ProblemAnswer Exists(long listId)
        => ProblemAnswer.Conflict($"The project has a list of this name already: {listId}. Use its id, or another name.").With("existingListId", listId);

    private static async Task<(IterableProject? Project, ProblemAnswer? Problem)> ProjectAsync(
        string id, StoreContext db, ProjectDirectory projects, CancellationToken cancellation)
        => await db.Accounts.AsNoTracking().SingleOrDefaultAsync(a => a.Id == id, cancellation) switch
        {
            null => (null, ProblemAnswer.NotFound("account")),
            { ProjectKey: null } => (null, ProblemAnswer.BadRequest("This is a warehouse account; only Iterable accounts have lists.")),
            var account => (projects.For(account), null),
        };

    /// <param name="ListId">Number or numeric text; absent tests the key only.</param>
    internal sealed record TestRequest([property: JsonNumberHandling(JsonNumberHandling.AllowReadingFromString)] long? ListId);

    /// <param name="Ok">Whether everything asked for works.</param>
    /// <param name="Reason">Why not, in one word.</param>
    /// <param name="Detail">What to check.</param>
    public sealed record TestView(
        bool Ok,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Reason = null,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Detail = null);

    /// <param name="Selectable">Whether a connection can keep this list.</param>
    internal sealed record ListView(long Id, string Name, string? Description, string ListType, DateTimeOffset? CreatedAt, bool Selectable);

    internal sealed record Lists(IReadOnlyList<ListView> Data);

    internal sealed record NewListView(long Id);

    /// <param name="Name">Of the list in Iterable.</param>
    /// <param name="Description">Shown in Iterable.</param>
    internal sealed record NewList(string? Name, string? Description)
    {
        internal sealed class Validator : AbstractValidator<NewList>
        {
            public Validator()
            {
                RuleFor(r => r.Name).Name();
                RuleFor(r => r.Description).PrintableUpTo(1000);
            }
        }
    }
}
