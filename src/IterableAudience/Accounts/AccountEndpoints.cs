using FluentValidation;
using IterableAudience.Hosting;
using IterableAudience.Store;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace IterableAudience.Accounts;

/// <summary>Accounts: credentials of Iterable projects and warehouses.</summary>
internal static class AccountEndpoints
{
    private const string Example = """
        { "name": "Acme Iterable from Swagger", "accountDefinitionName": "DESTINATION_ITERABLE_AUDIENCE_API_KEY",
          "options": { "dataCenter": "US", "projectType": "hybrid" }, "secret": { "apiKey": "sim-hybrid" } }
        """;

    // Runs on the demo's account as it stands: a name of its own, and the simulator's key.
    private const string ReplaceExample = """
        { "name": "Acme Iterable, renamed from Swagger", "accountDefinitionName": "DESTINATION_ITERABLE_AUDIENCE_API_KEY",
          "options": { "dataCenter": "US", "projectType": "hybrid" }, "secret": { "apiKey": "sim-hybrid" } }
        """;

    public static void MapAccounts(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/v2/accounts").WithTags("Accounts").Needs(Roles.Viewer);
        group.MapPost("/", Create).Needs(Roles.Admin).Validate<AccountRequest>().Answers(409).Example(Example);
        group.MapGet("/", List).Validate<PageQuery>();
        group.MapGet("/{id}", Get);
        group.MapPut("/{id}", Replace).Needs(Roles.Admin).Answers(409).Example(ReplaceExample);
        group.MapDelete("/{id}", Delete).Needs(Roles.Admin).Answers(409);
        group.MapPut("/{id}/external-id", SetExternalId).Needs(Roles.Admin).Validate<ExternalIdRequest>().Example("""{ "externalId": "acme-iterable" }""");
        group.MapAccountLists();
        group.MapBrowsing();
    }

    /// <summary>Makes an account. Its secret is stored encrypted and never returned.</summary>
    private static async Task<Results<Created<AccountView>, ProblemAnswer>> Create(
        AccountRequest request, StoreContext db, AccountWriter writer, AccountDefinitions definitions, TimeProvider time, CancellationToken cancellation)
    {
        var account = new Account
        {
            Id = ShortId.New(),
            Name = "",
            DefinitionName = request.AccountDefinitionName!,
            OptionsJson = "",
            ProtectedSecret = "",
            CreatedAt = time.GetUtcNow(),
        };
        writer.Write(account, request);
        db.Accounts.Add(account);
        return await SaveAsync(db, account, cancellation) is { } taken
            ? taken
            : TypedResults.Created($"/v2/accounts/{account.Id}", AccountView.Of(account, definitions));
    }

    /// <summary>Lists the accounts, oldest first.</summary>
    private static async Task<Page<AccountView>> List([AsParameters] PageQuery query, HttpRequest request, StoreContext db, AccountDefinitions definitions, CancellationToken cancellation)
    {
        var (rows, paging) = await db.Accounts.AsNoTracking().OrderBy(a => a.CreatedAt).ThenBy(a => a.Id).PageAsync(request, query, cancellation);
        return new([.. rows.Select(a => AccountView.Of(a, definitions))], paging);
    }

    /// <summary>One account.</summary>
    private static async Task<Results<Ok<AccountView>, ProblemAnswer>> Get(string id, StoreContext db, AccountDefinitions definitions, CancellationToken cancellation)
        => await db.Accounts.AsNoTracking().SingleOrDefaultAsync(a => a.Id == id, cancellation) is { } account
            ? TypedResults.Ok(AccountView.Of(account, definitions))
            : ProblemAnswer.NotFound("account");

    /// <summary>Replaces an account, its secret included. Data center and project type can't change while destinations use it.</summary>
    private static async Task<Results<Ok<AccountView>, ProblemAnswer>> Replace(
        string id, AccountRequest request, IValidator<AccountRequest> validator, StoreContext db, AccountWriter writer, AccountDefinitions definitions, CancellationToken cancellation)
    {
        if (await db.Accounts.SingleOrDefaultAsync(a => a.Id == id, cancellation) is not { } account)
            return ProblemAnswer.NotFound("account");
        request = request with { AccountDefinitionName = request.AccountDefinitionName ?? account.DefinitionName };
        if (validator.Check(request) is { } problem)
            return problem;
        if (request.AccountDefinitionName != account.DefinitionName)
            return ProblemAnswer.BadField("accountDefinitionName", "can't be changed; make another account.");

        var before = AccountOptions.Of(account);
        var after = request.GivenOptions.OfIterable();
        if (account.ProjectKey is not null && (before.DataCenter != after.DataCenter || before.ProjectType != after.ProjectType) && await IsUsedAsync(db, id, cancellation))
            return ProblemAnswer.Conflict("The account is in use, so its data center and project type can't change. Make another account, or delete the destinations that use it.");

        var options = account.OptionsJson;
        writer.Write(account, request);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        if (await SaveAsync(db, account, cancellation) is { } taken)
            return taken;
        if (account.OptionsJson != options)
        {
            // A plan that was made with other options can't be approved any more: its rows may be another warehouse's, or another user's.
            await db.Connections.Where(c => db.Sources.Any(s => s.Id == c.SourceId && s.AccountId == id))
                .ExecuteUpdateAsync(u => u.SetProperty(c => c.Version, c => c.Version + 1), cancellation);
        }

        await transaction.CommitAsync(cancellation);
        return TypedResults.Ok(AccountView.Of(account, definitions));
    }

    /// <summary>Deletes an account that nothing uses.</summary>
    private static async Task<Results<NoContent, ProblemAnswer>> Delete(string id, StoreContext db, CancellationToken cancellation)
    {
        if (await db.Accounts.SingleOrDefaultAsync(a => a.Id == id, cancellation) is not { } account)
            return ProblemAnswer.NotFound("account");
        if (await IsUsedAsync(db, id, cancellation))
            return ProblemAnswer.Conflict("The account is in use. Delete the destinations and sources that use it first.");
        db.Accounts.Remove(account);
        await db.SaveChangesAsync(cancellation);
        return TypedResults.NoContent();
    }

    /// <summary>Sets or takes away the name that another system has for the account.</summary>
    private static async Task<Results<Ok<AccountView>, ProblemAnswer>> SetExternalId(
        string id, ExternalIdRequest request, StoreContext db, AccountDefinitions definitions, TimeProvider time, CancellationToken cancellation)
    {
        if (await db.Accounts.SingleOrDefaultAsync(a => a.Id == id, cancellation) is not { } account)
            return ProblemAnswer.NotFound("account");
        account.ExternalId = request.ExternalId;
        account.UpdatedAt = time.GetUtcNow();
        await db.SaveChangesAsync(cancellation);
        return TypedResults.Ok(AccountView.Of(account, definitions));
    }

    private static Task<bool> IsUsedAsync(StoreContext db, string id, CancellationToken cancellation)
        => db.Destinations.Where(d => d.AccountId == id).Select(d => d.Id)
            .Concat(db.Sources.Where(s => s.AccountId == id).Select(s => s.Id))
            .AnyAsync(cancellation);

    /// <returns>The problem when another account has the name, which a request at the same time may have taken; else null.</returns>
    private static async Task<ProblemAnswer?> SaveAsync(StoreContext db, Account account, CancellationToken cancellation)
    {
        try
        {
            if (!await db.Accounts.AnyAsync(a => a.Name == account.Name && a.Id != account.Id, cancellation))
            {
                await db.SaveChangesAsync(cancellation);
                return null;
            }
        }
        catch (DbUpdateException e) when (e.IsUniqueViolation())
        {
        }

        return ProblemAnswer.Conflict("Another account has this name; names of accounts are unique.");
    }
}
