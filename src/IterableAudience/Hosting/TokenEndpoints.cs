using FluentValidation;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace IterableAudience.Hosting;

/// <summary>Makes, lists and revokes bearer tokens.</summary>
internal static class TokenEndpoints
{
    public static void MapTokens(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/v2/tokens").WithTags("Tokens").Needs(Roles.Admin);
        group.MapPost("/", Create).Validate<TokenRequest>().Example("""{ "name": "Airflow", "role": "operator" }""");
        group.MapGet("/", List).Validate<PageQuery>();
        group.MapDelete("/{id}", Delete);
    }

    /// <summary>Makes a token. It is shown in this answer only; the service keeps a hash.</summary>
    private static async Task<Created<NewTokenView>> Create(TokenRequest request, DbContext db, TimeProvider time, CancellationToken cancellation)
    {
        var secret = TokenHash.NewToken();
        var token = new ApiToken
        {
            Id = ShortId.New(),
            Name = request.Name!,
            Role = request.Role!,
            Hash = TokenHash.Of(secret),
            CreatedAt = time.GetUtcNow(),
        };
        db.Add(token);
        await db.SaveChangesAsync(cancellation);
        return TypedResults.Created($"/v2/tokens/{token.Id}", new NewTokenView(token.Id, token.Name, token.Role, secret, token.CreatedAt));
    }

    /// <summary>Lists the tokens, oldest first, without their values.</summary>
    private static async Task<Page<TokenView>> List([AsParameters] PageQuery query, HttpRequest request, DbContext db, CancellationToken cancellation)
    {
        var (rows, paging) = await db.Set<ApiToken>().AsNoTracking()
            .OrderBy(t => t.CreatedAt).ThenBy(t => t.Id)
            .Select(t => new TokenView(t.Id, t.Name, t.Role, t.CreatedAt))
            .PageAsync(request, query, cancellation);
        return new(rows, paging);
    }

    /// <summary>Revokes a token at once.</summary>
    private static async Task<Results<NoContent, ProblemAnswer>> Delete(string id, DbContext db, CancellationToken cancellation)
        => await db.Set<ApiToken>().Where(t => t.Id == id).ExecuteDeleteAsync(cancellation) == 0
            ? ProblemAnswer.NotFound("token")
            : TypedResults.NoContent();

    internal sealed record TokenView(string Id, string Name, string Role, DateTimeOffset CreatedAt);

    internal sealed record NewTokenView(string Id, string Name, string Role, string Token, DateTimeOffset CreatedAt);

    /// <param name="Name">For people: who uses the token.</param>
    /// <param name="Role"><c>viewer</c>, <c>operator</c> or <c>admin</c>.</param>
    internal sealed record TokenRequest(string? Name, string? Role)
    {
        internal sealed class Validator : AbstractValidator<TokenRequest>
        {
            public Validator()
            {
                RuleFor(r => r.Name).Name();
                RuleFor(r => r.Role).Must(r => r is not null && Roles.All.Contains(r)).WithMessage($"must be one of {string.Join(", ", Roles.All)}.");
            }
        }
    }
}
