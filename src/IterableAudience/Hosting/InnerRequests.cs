using System.Security.Claims;
using Microsoft.AspNetCore.Http.Features;

namespace IterableAudience.Hosting;

/// <summary>
/// Requests that the service makes of itself, without a wire: they go the way of every other one, from error handling to the endpoint, with the roles of
/// whoever they are made for.
/// </summary>
internal sealed class InnerRequests(IServiceScopeFactory scopes)
{
    private RequestDelegate? _pipeline;

    public void Begin(WebApplication app) => app.Use(next => _pipeline = next);

    /// <summary>Sends a request as somebody.</summary>
    /// <param name="method">Its method.</param>
    /// <param name="address">Path and query.</param>
    /// <param name="user">Whose roles count.</param>
    /// <param name="body">What is sent; null is no body.</param>
    /// <param name="contentType">Of the body.</param>
    /// <param name="cancellation">The caller has gone.</param>
    /// <returns>Status and body of the answer.</returns>
    public async Task<(int Status, byte[] Body)> SendAsync(
        string method, string address, ClaimsPrincipal user, Stream? body, string? contentType, CancellationToken cancellation)
    {
        await using var scope = scopes.CreateAsyncScope();
        using var answer = new MemoryStream();
        var query = address.IndexOf('?', StringComparison.Ordinal);
        var context = new DefaultHttpContext { RequestServices = scope.ServiceProvider, User = user, RequestAborted = cancellation };
        context.Request.Method = method;
        context.Request.Scheme = "http";
        context.Request.Host = new("localhost");
        context.Request.Path = PathString.FromUriComponent(query < 0 ? address : address[..query]);
        context.Request.QueryString = query < 0 ? default : new(address[query..]);
        context.Request.Headers.Accept = "application/json";
        if (body is not null)
        {
            context.Request.Body = body;
            context.Request.ContentType = contentType;
            context.Features.Set<IHttpRequestBodyDetectionFeature>(new HasBody());
        }

        context.Response.Body = answer;
        await _pipeline!(context);
        return (context.Response.StatusCode, answer.ToArray());
    }

    /// <summary>A server knows from its wire whether a body comes; without one nobody would read it.</summary>
    private sealed class HasBody : IHttpRequestBodyDetectionFeature
    {
        public bool CanHaveBody => true;
    }
}
