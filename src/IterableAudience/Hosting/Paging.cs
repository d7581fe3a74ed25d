using System.Globalization;
using FluentValidation;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;

namespace IterableAudience.Hosting;

/// <summary>Which page of a list is wanted.</summary>
/// <param name="Page">From 1.</param>
/// <param name="PageSize">1 to 500; 50 when absent.</param>
internal sealed record PageQuery([FromQuery(Name = "page")] int? Page, [FromQuery(Name = "pageSize")] int? PageSize)
{
    public int Number => Page ?? 1;

    public int Size => PageSize ?? 50;

    internal sealed class Validator : AbstractValidator<PageQuery>
    {
        public Validator()
        {
            RuleFor(q => q.Page).InclusiveBetween(1, 1_000_000).WithMessage("must be from 1 to 1000000.");
            RuleFor(q => q.PageSize).InclusiveBetween(1, 500).WithMessage("must be from 1 to 500.");
        }
    }
}

/// <summary>How many there are, and where the next page is; null on the last.</summary>
internal sealed record Paging(long Total, string? Next)
{
    public static Paging Of(HttpRequest request, PageQuery query, long total, string pageName = "page")
    {
        if ((long)query.Number * query.Size >= total)
            return new(total, null);
        var others = request.Query.Where(q => q.Key != pageName).SelectMany(q => q.Value.Select(v => KeyValuePair.Create(q.Key, v ?? "")));
        var next = new QueryBuilder(others) { { pageName, (query.Number + 1).ToString(CultureInfo.InvariantCulture) } };
        return new(total, request.Path + next.ToQueryString().Value);
    }
}

/// <summary>One page: <c>{"data":[…],"paging":{…}}</c>.</summary>
internal sealed record Page<T>(IReadOnlyList<T> Data, Paging Paging);

internal static class PagingQuery
{
    /// <summary>Reads one page of an ordered query, and how many rows there are in all.</summary>
    public static async Task<(List<T> Rows, Paging Paging)> PageAsync<T>(this IQueryable<T> ordered, HttpRequest request, PageQuery query, CancellationToken cancellation)
    {
        var total = await ordered.LongCountAsync(cancellation);
        var rows = await ordered.Skip((query.Number - 1) * query.Size).Take(query.Size).ToListAsync(cancellation);
        return (rows, Paging.Of(request, query, total));
    }
}
