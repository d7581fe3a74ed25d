using System.Net;
using System.Net.Http.Headers;
using System.Text;
using IterableAudience.Hosting;
using IterableAudience.Store;
using IterableAudience.Tests.Stores;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace IterableAudience.Tests.Console;

/// <summary>What a session of the console is good for, and what ends it.</summary>
public sealed class SessionTests : IAsyncDisposable
{
    private readonly TestHost _host = new() { Time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(56)) };

    [Fact]
    public async Task A_page_without_a_session_leads_to_the_sign_in_and_back()
    {
        using var client = new ConsoleClient(_host);
        foreach (var path in new[] { "/", "/accounts?page=2", "/tokens", "/people", "/connections/x/syncs/y?outcome=failed", "/connections/new" })
        {
            (await client.GetAsync(path)).ShouldLeadTo($"/sign-in?returnUrl={Uri.EscapeDataString(path)}");
        }

        // A form, too, that somebody has filled in when the session ended.
        (await client.PostAsync("/tokens", new Form(null, "post", "", []))).ShouldLeadTo("/sign-in?returnUrl=%2Ftokens");
    }

    [Theory]
    [InlineData("text/html")]
    [InlineData("application/json")]
    public async Task A_call_of_the_API_without_a_session_is_401(string accept)
    {
        using var client = new ConsoleClient(_host);
        foreach (var path in new[] { "/v2/accounts", "/v2/tokens", "/metrics", "/V2/Accounts" })
        {
            var answer = (await client.GetAsync(path, accept)).ShouldBe(HttpStatusCode.Unauthorized);
            Assert.Equal(("application/problem+json", "Bearer"), (answer.ContentType, answer.Header("WWW-Authenticate")));
        }
    }

    [Fact]
    public async Task A_session_works_for_the_API_with_the_role_of_its_token()
    {
        using var admin = await ConsoleClient.SignInAsync(_host);
        using var viewer = await ConsoleClient.SignInAsync(_host, "viewer");

        Assert.Equal("application/json; charset=utf-8", (await admin.GetAsync("/v2/tokens", "application/json")).ShouldBe(HttpStatusCode.OK).ContentType);
        (await admin.SendAsync(MakeToken())).ShouldBe(HttpStatusCode.Created);
        (await viewer.GetAsync("/v2/accounts", "*/*")).ShouldBe(HttpStatusCode.OK);
        (await viewer.GetAsync("/metrics", "*/*")).ShouldBe(HttpStatusCode.OK);
        Assert.Equal("application/problem+json", (await viewer.GetAsync("/v2/tokens")).ShouldBe(HttpStatusCode.Forbidden).ContentType);
        (await viewer.SendAsync(MakeToken())).ShouldBe(HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task A_token_in_the_header_goes_before_the_session()
    {
        using var admin = await ConsoleClient.SignInAsync(_host);
        var request = MakeToken();
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await _host.TokenAsync("viewer"));
        (await admin.SendAsync(request)).ShouldBe(HttpStatusCode.Forbidden);
        request = MakeToken();
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", "wrong");
        (await admin.SendAsync(request)).ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Theory]
    [StoreData]
    public async Task A_session_ends_with_its_token(StoreKind store)
    {
        await using var host = new TestHost(store);
        var made = await host.PostAsync("/v2/tokens", """{"name":"Ada","role":"admin"}""");
        using var client = new ConsoleClient(host);
        (await client.SignInAsync(made.Text("token"))).ShouldLeadTo("/");
        var cookies = client.Cookies.GetCookieHeader(client.Address);
        (await client.GetAsync("/tokens")).ShouldBe(HttpStatusCode.OK);

        (await host.DeleteAsync($"/v2/tokens/{made.Text("id")}")).ShouldBe(HttpStatusCode.NoContent);

        (await client.SendAsync(With(cookies, new(HttpMethod.Get, "/v2/accounts")))).ShouldBe(HttpStatusCode.Unauthorized);
        (await client.GetAsync("/tokens")).ShouldLeadTo("/sign-in?returnUrl=%2Ftokens&ended=page");
        Assert.DoesNotContain(Session.CookieName + "=", client.Cookies.GetCookieHeader(client.Address), StringComparison.Ordinal);
    }

    /// <summary>No route changes a token's role; who changes it in the store means it.</summary>
    [Fact]
    public async Task A_role_that_was_changed_counts_at_once()
    {
        var made = await _host.PostAsync("/v2/tokens", """{"name":"Ada","role":"admin"}""");
        using var client = new ConsoleClient(_host);
        (await client.SignInAsync(made.Text("token"))).ShouldLeadTo("/");
        (await client.GetAsync("/tokens")).ShouldBe(HttpStatusCode.OK);

        await using (var scope = _host.Provider.CreateAsyncScope())
        {
            await scope.ServiceProvider.GetRequiredService<StoreContext>().Set<ApiToken>().Where(t => t.Id == made.Text("id"))
                .ExecuteUpdateAsync(u => u.SetProperty(t => t.Role, Roles.Viewer), TestContext.Current.CancellationToken);
        }

        (await client.GetAsync("/tokens")).ShouldBe(HttpStatusCode.Forbidden);
        (await client.SendAsync(MakeToken())).ShouldBe(HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task Signing_out_ends_it()
    {
        using var client = await ConsoleClient.SignInAsync(_host);
        var page = await client.GetAsync("/about");
        (await client.PostAsync("/about", Assert.Single(page.Forms, f => f.Action == "/sign-out"))).ShouldLeadTo("/sign-in");

        (await client.GetAsync("/about")).ShouldLeadTo("/sign-in?returnUrl=%2Fabout");
        (await client.GetAsync("/v2/accounts", "*/*")).ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task It_ends_when_nothing_was_asked_for_as_long_as_the_setting_says()
    {
        _host.Settings["Security:SessionLifetime"] = "01:00:00";
        using var client = await ConsoleClient.SignInAsync(_host);
        for (var i = 0; i < 4; i++)
        {
            _host.Time!.Advance(TimeSpan.FromMinutes(40));
            (await client.GetAsync("/")).ShouldBe(HttpStatusCode.OK);
        }

        _host.Time!.Advance(TimeSpan.FromMinutes(61));
        (await client.GetAsync("/accounts")).ShouldLeadTo("/sign-in?returnUrl=%2Faccounts&ended=page");
        (await client.GetAsync("/v2/accounts", "*/*")).ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task By_default_it_lasts_twelve_hours()
    {
        using var client = await ConsoleClient.SignInAsync(_host);
        _host.Time!.Advance(TimeSpan.FromHours(11.9));
        (await client.GetAsync("/")).ShouldBe(HttpStatusCode.OK);
        _host.Time.Advance(TimeSpan.FromHours(12.1));
        (await client.GetAsync("/")).ShouldLeadTo("/sign-in?returnUrl=%2F&ended=page");
    }

    [Fact]
    public async Task A_cookie_that_nobody_gave_is_no_session()
    {
        using var client = new ConsoleClient(_host);
        client.Cookies.Add(client.Address, new Cookie(Session.CookieName, "CfDJ8nonsense"));
        (await client.GetAsync("/")).ShouldLeadTo("/sign-in?returnUrl=%2F&ended=page");
        (await client.GetAsync("/v2/accounts", "*/*")).ShouldBe(HttpStatusCode.Unauthorized);
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    private static HttpRequestMessage MakeToken()
        => new(HttpMethod.Post, "/v2/tokens") { Content = new StringContent("""{"name":"made","role":"viewer"}""", Encoding.UTF8, "application/json") };

    private static HttpRequestMessage With(string cookies, HttpRequestMessage request)
    {
        request.Headers.Add("Cookie", cookies);
        return request;
    }
}
