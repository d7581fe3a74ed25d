using System.Net;
using IterableAudience.Hosting;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace IterableAudience.Tests.Console;

/// <summary>Who gets into the console by a token, and where it leads.</summary>
public sealed class SignInTests : IAsyncDisposable
{
    private readonly TestHost _host = new() { Time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(56)) };

    [Fact]
    public async Task A_valid_token_begins_a_session_in_a_cookie_that_no_script_and_no_other_site_can_use()
    {
        using var client = new ConsoleClient(_host);
        var answer = await client.SignInAsync(TestHost.AdminToken, "/sign-in?returnUrl=%2Faccounts%3Fpage%3D2");

        answer.ShouldLeadTo("/accounts?page=2");
        var cookie = SessionCookie(answer);
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=lax", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("path=/", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(TestHost.AdminToken, cookie, StringComparison.Ordinal);
        Assert.DoesNotContain("expires", cookie, StringComparison.OrdinalIgnoreCase); // ends with the browser
        Assert.Contains("Overview", (await client.GetAsync("/")).ShouldBe(HttpStatusCode.OK).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Spaces_around_a_pasted_token_do_no_harm()
    {
        using var client = new ConsoleClient(_host);
        (await client.SignInAsync($"  {TestHost.AdminToken}\n")).ShouldLeadTo("/");
    }

    [Fact]
    public async Task All_cookies_are_secure_when_the_request_came_by_TLS_to_a_proxy()
    {
        _host.Settings["FORWARDEDHEADERS_ENABLED"] = "true";
        using var client = new ConsoleClient(_host);
        var page = await client.SendAsync(Forwarded(HttpMethod.Get, "/sign-in"));
        Assert.Contains("; secure", page.Header("Set-Cookie"), StringComparison.OrdinalIgnoreCase);

        // A secure cookie doesn't come back over the plain line that the test has: it is carried by hand.
        var request = Forwarded(HttpMethod.Post, "/sign-in");
        request.Headers.Add("Cookie", page.Header("Set-Cookie").Split(';')[0]);
        request.Content = new FormUrlEncodedContent(page.Form("sign-in").With(("token", TestHost.AdminToken)).Fields);
        var answer = await client.SendAsync(request);

        Assert.Equal(HttpStatusCode.Redirect, answer.Status);
        Assert.Contains("; secure", SessionCookie(answer), StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("http://", answer.Raw.Location!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cookie_over_a_plain_line_is_not_secure_and_so_comes_back()
    {
        using var client = new ConsoleClient(_host);
        Assert.DoesNotContain("secure", SessionCookie(await client.SignInAsync(TestHost.AdminToken)), StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("wrong")]
    [InlineData("")]
    [InlineData("iat_0000000000000000000000000000000000000000000")]
    public async Task A_wrong_token_is_refused_in_words(string token)
    {
        using var client = new ConsoleClient(_host);
        var answer = (await client.SignInAsync(token)).ShouldBe(HttpStatusCode.BadRequest);

        Assert.Contains("This is no token of this service, or it has been revoked.", answer.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("iat_", answer.Html, StringComparison.Ordinal);
        Assert.Empty(SessionCookie(answer));
        (await client.GetAsync("/")).ShouldLeadTo("/sign-in?returnUrl=%2F");
    }

    [Fact]
    public async Task Too_many_wrong_tokens_have_to_wait_and_a_token_that_worked_from_there_goes_on()
    {
        var unused = (await _host.PostAsync("/v2/tokens", """{"name":"late","role":"viewer"}""")).Text("token");
        using var client = new ConsoleClient(_host);
        for (var i = 0; i < 10; i++)
        {
            (await client.SignInAsync("wrong")).ShouldBe(HttpStatusCode.BadRequest);
        }

        _host.Time!.Advance(TimeSpan.FromSeconds(18));
        var refused = (await client.SignInAsync("wrong")).ShouldBe(HttpStatusCode.TooManyRequests);
        Assert.Contains("Too many sign-ins from this address have failed. Wait 42 seconds, then try again.", refused.Text, StringComparison.Ordinal);
        Assert.Equal("42", refused.Header("Retry-After"));
        Assert.Empty(SessionCookie((await client.SignInAsync(unused)).ShouldBe(HttpStatusCode.TooManyRequests)));
        (await client.SignInAsync(TestHost.AdminToken)).ShouldLeadTo("/");

        _host.Time.Advance(TimeSpan.FromSeconds(42));
        (await client.SignInAsync(unused)).ShouldLeadTo("/");
    }

    [Theory]
    [InlineData("//evil.example")]
    [InlineData("/\\evil.example")]
    [InlineData("https://evil.example")]
    [InlineData("https:evil.example")]
    [InlineData("\\\\evil.example")]
    [InlineData("javascript:alert(1)")]
    [InlineData("evil")]
    [InlineData("/")]
    [InlineData("")]
    public async Task Nobody_is_led_to_another_site(string returnUrl)
    {
        using var client = new ConsoleClient(_host);
        (await client.SignInAsync(TestHost.AdminToken, $"/sign-in?returnUrl={Uri.EscapeDataString(returnUrl)}")).ShouldLeadTo("/");
    }

    /// <summary>A browser takes tabs and line feeds out of an address before it reads it.</summary>
    [Theory]
    [InlineData("/\t/evil.example")]
    [InlineData("/\n/evil.example")]
    [InlineData("/\r\n\\evil.example")]
    [InlineData("/.//evil.example")]
    [InlineData("/x/..//evil.example")]
    public async Task Nor_by_what_a_browser_makes_of_an_address(string returnUrl)
    {
        using var client = new ConsoleClient(_host);
        var answer = await client.SignInAsync(TestHost.AdminToken, $"/sign-in?returnUrl={Uri.EscapeDataString(returnUrl)}");
        var location = answer.Raw.Location!.OriginalString.Replace("\t", "", StringComparison.Ordinal);
        Assert.Equal(client.Address.Authority, new Uri(client.Address, location).Authority);
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    private static HttpRequestMessage Forwarded(HttpMethod method, string path)
    {
        var request = new HttpRequestMessage(method, path) { Headers = { { "X-Forwarded-Proto", "https" }, { "X-Forwarded-For", "192.0.2.1" } } };
        request.Headers.Accept.ParseAdd("text/html");
        return request;
    }

    /// <summary>The line that sets the session's cookie; empty when there is none.</summary>
    private static string SessionCookie(ConsolePage answer)
        => answer.Raw.TryGetValues("Set-Cookie", out var cookies) ? cookies.FirstOrDefault(c => c.StartsWith(Session.CookieName + "=", StringComparison.Ordinal)) ?? "" : "";
}
