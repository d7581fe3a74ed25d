using System.Net;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.StaticAssets;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace IterableAudience.Tests.Hosting;

public sealed class RolesTests : IAsyncDisposable
{
    private static readonly string[] Open =
    [
        "/health/live", "/health/ready", "/version", "/sign-in", "/sign-out",
        "/_framework/opaque-redirect", // of Blazor: follows only what the service itself has sealed
        "{**path:file}", // files of wwwroot, where the service was built and not published
    ];

    private readonly TestHost _host = new();

    [Theory]
    [InlineData("GET", "/v2/accounts", "viewer")]
    [InlineData("POST", "/v2/accounts", "admin")]
    [InlineData("GET", "/v2/accounts/x", "viewer")]
    [InlineData("PUT", "/v2/accounts/x", "admin")]
    [InlineData("DELETE", "/v2/accounts/x", "admin")]
    [InlineData("PUT", "/v2/accounts/x/external-id", "admin")]
    [InlineData("POST", "/v2/accounts/x/test", "operator")]
    [InlineData("GET", "/v2/accounts/x/lists", "viewer")]
    [InlineData("POST", "/v2/accounts/x/lists", "admin")]
    [InlineData("GET", "/v2/accounts/x/schemas", "viewer")]
    [InlineData("GET", "/v2/accounts/x/schemas/y/tables", "viewer")]
    [InlineData("GET", "/v2/accounts/x/schemas/y/tables/z/columns", "viewer")]
    [InlineData("GET", "/v2/retl-sources", "viewer")]
    [InlineData("POST", "/v2/retl-sources", "admin")]
    [InlineData("GET", "/v2/retl-sources/x", "viewer")]
    [InlineData("PUT", "/v2/retl-sources/x", "admin")]
    [InlineData("PUT", "/v2/retl-sources/x/external-id", "admin")]
    [InlineData("DELETE", "/v2/retl-sources/x", "admin")]
    [InlineData("POST", "/v2/retl-sources/preview", "operator")]
    [InlineData("POST", "/v2/retl-connections/x/start", "operator")]
    [InlineData("POST", "/v2/retl-connections/x/stop", "operator")]
    [InlineData("POST", "/v2/retl-connections/x/plan", "operator")]
    [InlineData("GET", "/v2/retl-connections/x/syncs", "viewer")]
    [InlineData("GET", "/v2/retl-connections/x/syncs/y", "viewer")]
    [InlineData("GET", "/v2/retl-connections/x/syncs/y/plan", "viewer")]
    [InlineData("POST", "/v2/retl-connections/x/syncs/y/approve", "operator")]
    [InlineData("POST", "/v2/retl-connections/x/syncs/y/discard", "operator")]
    [InlineData("POST", "/v2/retl-connections/x/reconcile", "operator")]
    [InlineData("GET", "/v2/destinations", "viewer")]
    [InlineData("POST", "/v2/destinations", "admin")]
    [InlineData("GET", "/v2/destinations/x", "viewer")]
    [InlineData("PUT", "/v2/destinations/x", "admin")]
    [InlineData("PUT", "/v2/destinations/x/external-id", "admin")]
    [InlineData("DELETE", "/v2/destinations/x", "admin")]
    [InlineData("GET", "/v2/retl-connections", "viewer")]
    [InlineData("POST", "/v2/retl-connections", "admin")]
    [InlineData("GET", "/v2/retl-connections/x", "viewer")]
    [InlineData("PUT", "/v2/retl-connections/x", "admin")]
    [InlineData("PUT", "/v2/retl-connections/x/external-id", "admin")]
    [InlineData("DELETE", "/v2/retl-connections/x", "admin")]
    [InlineData("GET", "/v2/tokens", "admin")]
    [InlineData("POST", "/v2/tokens", "admin")]
    [InlineData("DELETE", "/v2/tokens/x", "admin")]
    [InlineData("GET", "/metrics", "viewer")]
    public async Task A_route_lets_in_its_role_and_the_higher_ones(string method, string path, string role)
    {
        string[] roles = ["viewer", "operator", "admin"];
        (await SendAsync(method, path, null)).ShouldBeProblem(HttpStatusCode.Unauthorized, "token");
        foreach (var other in roles)
        {
            var answer = await SendAsync(method, path, other);
            if (Array.IndexOf(roles, other) < Array.IndexOf(roles, role))
                answer.ShouldBeProblem(HttpStatusCode.Forbidden, other);
            else
                Assert.DoesNotContain(answer.Status, new[] { HttpStatusCode.Unauthorized, HttpStatusCode.Forbidden, HttpStatusCode.InternalServerError });
        }
    }

    [Fact]
    public void Every_route_asks_for_a_role_unless_it_is_named_here()
    {
        var routes = _host.Provider.GetRequiredService<IEnumerable<EndpointDataSource>>().SelectMany(s => s.Endpoints).OfType<RouteEndpoint>().ToList();
        Assert.Contains(routes, r => r.RoutePattern.RawText!.StartsWith("/v2/accounts", StringComparison.Ordinal));
        Assert.Equal(
            Open.Order(),
            routes.Where(r => r.Metadata.GetMetadata<IAuthorizeData>() is null && !IsFile(r)).Select(r => r.RoutePattern.RawText!).Distinct().Order());
    }

    /// <summary>A file of wwwroot, which is the same for everybody.</summary>
    private static bool IsFile(RouteEndpoint route) => route.Metadata.GetMetadata<StaticAssetDescriptor>() is not null;

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    private Task<Answer> SendAsync(string method, string path, string? role)
        => _host.SendAsync(new HttpMethod(method), path, method is "POST" or "PUT" ? "{}" : null, role);
}
