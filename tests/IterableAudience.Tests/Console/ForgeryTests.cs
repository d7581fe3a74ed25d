using System.Net;
using System.Text;
using IterableAudience.Hosting;
using Xunit;

namespace IterableAudience.Tests.Console;

/// <summary>Another site can have a visitor's browser send what it likes: nothing of it counts.</summary>
public sealed class ForgeryTests(ConsoleStory story) : IClassFixture<ConsoleStory>
{
    /// <summary>Forms that must be among those that are tried, as far as they are named alike in every story.</summary>
    private static readonly string[] Wanted =
        ["sign-in", "", "create", "revoke-", "account", "test-", "pause", "resume", "reconcile", "run", "full", "plan", "settings", "delete", "push", "approve", "discard", "search", "find", "step"];

    [Fact]
    public async Task No_form_counts_without_the_token_of_this_session()
    {
        using var admin = await ConsoleClient.SignInAsync(story.Host);
        using var other = await ConsoleClient.SignInAsync(story.Host, "operator");
        var foreign = await other.TokenOfFormsAsync();
        var pages = await story.LookAroundAsync(admin);
        var forms = pages.SelectMany(p => p.PostedForms.Select(f => (Page: p.Path, Form: f))).DistinctBy(f => (f.Form.Action ?? f.Page, f.Form.Handler)).ToList();
        Assert.All(Wanted, name => Assert.Contains(forms, f => f.Form.Handler == name || (name.EndsWith('-') && f.Form.Handler.StartsWith(name, StringComparison.Ordinal))));
        var before = await story.StateAsync();

        foreach (var (page, form) in forms)
        {
            foreach (var token in new[] { null, "", "wrong", foreign })
            {
                (await admin.PostAsync(page, form.With((Form.TokenField, token)))).ShouldBe(HttpStatusCode.BadRequest);
            }
        }

        Assert.Equal(before, await story.StateAsync());
        (await admin.GetAsync("/")).ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Nor_without_the_cookie_that_the_token_belongs_to()
    {
        using var admin = await ConsoleClient.SignInAsync(story.Host);
        var form = (await admin.GetAsync("/tokens")).Form("create").With(("name", "forged"));
        var session = admin.Cookies.GetAllCookies().Single(c => c.Name == Session.CookieName);
        using var half = new ConsoleClient(story.Host);
        half.Cookies.Add(half.Address, new Cookie(session.Name, session.Value));
        var before = await story.StateAsync();

        (await half.PostAsync("/tokens", form)).ShouldBe(HttpStatusCode.BadRequest);

        Assert.Equal(before, await story.StateAsync());
    }

    /// <summary>Else somebody could be signed in with the token of somebody else, who then sees what is done.</summary>
    [Fact]
    public async Task Nobody_is_signed_in_by_a_forged_form()
    {
        using var client = new ConsoleClient(story.Host);
        var form = (await client.GetAsync("/sign-in")).Form("sign-in").With(("token", TestHost.AdminToken));
        foreach (var token in new[] { null, "wrong" })
        {
            (await client.PostAsync("/sign-in", form.With((Form.TokenField, token)))).ShouldBe(HttpStatusCode.BadRequest);
            Assert.DoesNotContain(client.Cookies.GetAllCookies(), c => c.Name == Session.CookieName);
        }
    }

    [Fact]
    public async Task The_token_of_a_form_from_before_the_sign_in_does_not_count_after_it()
    {
        using var client = new ConsoleClient(story.Host);
        var early = (await client.GetAsync("/sign-in")).Form("sign-in");
        (await client.SignInAsync(TestHost.AdminToken)).ShouldLeadTo("/");
        (await client.PostAsync("/sign-out", new Form(null, "post", "", [new(Form.TokenField, early.Token)]))).ShouldBe(HttpStatusCode.BadRequest);
        (await client.GetAsync("/about")).ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task No_part_of_a_form_is_rendered_for_a_forged_request()
    {
        using var admin = await ConsoleClient.SignInAsync(story.Host);
        var right = await admin.TokenOfFormsAsync();
        foreach (var path in new[] { "/parts/next-runs", $"/connections/new/{story.Draft}/preview" })
        {
            var form = new Form(path, "post", "", [new("schedule.type", "manual"), new(Form.TokenField, right)]);
            (await admin.PostAsync(path, form)).ShouldBe(HttpStatusCode.OK);
            foreach (var token in new[] { null, "wrong" })
            {
                var refused = (await admin.PostAsync(path, form.With((Form.TokenField, token)))).ShouldBe(HttpStatusCode.BadRequest);
                Assert.Contains("The form is too old", refused.Text, StringComparison.Ordinal);
            }

            using var nobody = new ConsoleClient(story.Host);
            (await nobody.PostAsync(path, form)).ShouldLeadTo($"/sign-in?returnUrl={Uri.EscapeDataString(path)}");
        }
    }

    [Theory]
    [InlineData("Origin", "https://evil.example")]
    [InlineData("Origin", "null")]
    [InlineData("Origin", "http://127.0.0.1")]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    [InlineData("Sec-Fetch-Site", "same-site")]
    public async Task A_call_of_the_API_with_the_session_from_another_site_is_403(string header, string value)
    {
        using var admin = await ConsoleClient.SignInAsync(story.Host);
        var before = await story.StateAsync();
        foreach (var (method, path) in Changes())
        {
            var answer = (await admin.SendAsync(Call(method, path, (header, value)))).ShouldBe(HttpStatusCode.Forbidden);
            Assert.Equal("application/problem+json", answer.ContentType);
            Assert.Contains("This request was sent by another site.", answer.Html, StringComparison.Ordinal);
        }

        // Forms, too, whatever token they have.
        var form = (await admin.GetAsync("/tokens")).Form("create").With(("name", "forged"));
        using var content = new FormUrlEncodedContent(form.Fields);
        (await admin.SendAsync(new(HttpMethod.Post, "/tokens") { Content = content, Headers = { { header, value } } })).ShouldBe(HttpStatusCode.Forbidden);

        Assert.Equal(before, await story.StateAsync());
        (await admin.SendAsync(new(HttpMethod.Get, "/v2/accounts") { Headers = { { header, value } } })).ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_call_from_the_same_origin_or_that_says_nothing_passes()
    {
        using var admin = await ConsoleClient.SignInAsync(story.Host);
        var origin = admin.Address.GetLeftPart(UriPartial.Authority);
        foreach (var headers in new (string, string)[][]
        {
            [], [("Origin", origin)], [("Origin", origin.ToUpperInvariant())], [("Sec-Fetch-Site", "same-origin")], [("Sec-Fetch-Site", "none")],
            [("Sec-Fetch-Site", "same-origin"), ("Origin", "https://the-name-before.the-proxy.example")],
        })
        {
            (await admin.SendAsync(Call("POST", "/v2/tokens", headers))).ShouldBe(HttpStatusCode.Created);
        }
    }

    [Fact]
    public async Task A_bearer_token_is_nothing_that_another_site_could_send()
    {
        using var client = new ConsoleClient(story.Host);
        var request = Call("POST", "/v2/tokens", ("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site"), ("Authorization", $"Bearer {TestHost.AdminToken}"));
        (await client.SendAsync(request)).ShouldBe(HttpStatusCode.Created);
    }

    private (string Method, string Path)[] Changes() =>
    [
        ("POST", "/v2/tokens"), ("DELETE", $"/v2/accounts/{story.Account}"), ("PUT", story.Audience.Url), ("POST", $"{story.Audience.Url}/syncs"),
        ("POST", $"{story.Audience.Url}/syncs/{story.Held}/discard"), ("PATCH", story.Audience.Url),
    ];

    private static HttpRequestMessage Call(string method, string path, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(new HttpMethod(method), path)
        {
            Content = new StringContent("""{"name":"forged","role":"viewer","enabled":false,"records":[]}""", Encoding.UTF8, "application/json"),
        };
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return request;
    }
}
