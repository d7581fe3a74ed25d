using System.Net;
using IterableAudience.Console;
using IterableAudience.Tests.Syncs;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace IterableAudience.Tests.Console;

/// <summary>What the service tells a browser about its answers, and that its pages keep to it.</summary>
public sealed class HeaderTests(ConsoleStory story) : IClassFixture<ConsoleStory>
{
    [Theory]
    [InlineData("/sign-in", HttpStatusCode.OK)]
    [InlineData("/", HttpStatusCode.OK)]
    [InlineData("/nowhere", HttpStatusCode.NotFound)]
    [InlineData("/connections/none", HttpStatusCode.NotFound)]
    [InlineData("/v2/accounts", HttpStatusCode.OK)]
    [InlineData("/v2/accounts/none", HttpStatusCode.NotFound)]
    [InlineData("/v2/nowhere", HttpStatusCode.NotFound)]
    [InlineData("/metrics", HttpStatusCode.OK)]
    [InlineData("/version", HttpStatusCode.OK)]
    [InlineData("/health/live", HttpStatusCode.OK)]
    [InlineData("/console/console.css", HttpStatusCode.OK)]
    [InlineData("/console/console.js", HttpStatusCode.OK)]
    [InlineData("/console/icon.svg", HttpStatusCode.OK)]
    [InlineData("/vendor/inter/inter-latin-wght-normal.woff2", HttpStatusCode.OK)]
    public async Task An_answer_may_be_used_as_what_it_is_only(string path, HttpStatusCode status)
    {
        using var admin = await ConsoleClient.SignInAsync(story.Host);
        AssertStrict((await admin.GetAsync(path)).ShouldBe(status));
    }

    [Fact]
    public async Task So_may_refusals_and_redirects()
    {
        using var nobody = new ConsoleClient(story.Host);
        AssertStrict((await nobody.GetAsync("/")).ShouldBe(HttpStatusCode.Redirect));
        AssertStrict((await nobody.GetAsync("/v2/accounts")).ShouldBe(HttpStatusCode.Unauthorized));
        AssertStrict((await nobody.SignInAsync("wrong")).ShouldBe(HttpStatusCode.BadRequest));
        AssertStrict((await nobody.PostAsync("/sign-out", new Form(null, "post", "", []))).ShouldBe(HttpStatusCode.BadRequest));
        using var viewer = await ConsoleClient.SignInAsync(story.Host, "viewer");
        AssertStrict((await viewer.GetAsync("/tokens")).ShouldBe(HttpStatusCode.Forbidden));
        AssertStrict(await viewer.GetAsync($"{story.Connection}/syncs/{story.Completed}/live", "text/event-stream"));
        AssertStrict(await viewer.GetAsync($"{story.Connection}/syncs/{story.Completed}/export?format=csv"));
    }

    [Fact]
    public async Task So_may_a_failure_of_the_service_and_its_page_tells_nothing_of_it()
    {
        await using var host = new TestHost { Services = s => s.AddScoped<OverviewQuery>(_ => throw new InvalidOperationException("secret-of-the-code")) };
        using var admin = new ConsoleClient(host);
        await admin.SignInAsync(TestHost.AdminToken);
        var page = (await admin.GetAsync("/")).ShouldBe(HttpStatusCode.InternalServerError);

        AssertStrict(page);
        AssertNothingInline(page);
        Assert.StartsWith("text/html", page.ContentType, StringComparison.Ordinal);
        Assert.Contains("It is a fault of the service; its log has the details.", page.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-of-the-code", page.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("OverviewQuery", page.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Swagger_is_not_framed_either()
    {
        using var nobody = new ConsoleClient(story.Host);
        foreach (var path in new[] { "/swagger/index.html", "/swagger/v1/swagger.json" })
        {
            var page = (await nobody.GetAsync(path)).ShouldBe(HttpStatusCode.OK);
            Assert.Contains("frame-ancestors 'none'", page.Header("Content-Security-Policy"), StringComparison.Ordinal);
            Assert.Equal("nosniff", page.Header("X-Content-Type-Options"));
        }
    }

    [Fact]
    public async Task Every_page_keeps_to_the_policy_and_to_this_host_and_stays_nowhere()
    {
        using var admin = await ConsoleClient.SignInAsync(story.Host);
        var pages = (await story.LookAroundAsync(admin)).Where(p => p.ContentType.StartsWith("text/html", StringComparison.Ordinal)).ToList();
        Assert.True(pages.Count > 40, string.Join('\n', pages.Select(p => p.Path)));
        Assert.All(pages, p => Assert.Equal(p.Path == "/connections/new" ? HttpStatusCode.Found : HttpStatusCode.OK, p.Status));
        Assert.All(pages, AssertStrict);
        Assert.All(pages, AssertNothingInline);
        // Else whoever uses the browser after the sign-out goes back to it.
        Assert.All(pages, p => Assert.Contains("no-store", p.Header("Cache-Control"), StringComparison.Ordinal));
        Assert.Contains(pages, p => p.Html.Contains("data-chart=", StringComparison.Ordinal));
    }

    [Fact]
    public async Task So_do_pages_that_answer_a_form_or_tell_of_an_error()
    {
        using var admin = await ConsoleClient.SignInAsync(story.Host);
        ConsolePage[] pages =
        [
            await admin.AnswerAsync("/people", "find", ("who", "ada.lovelace@example.com")),
            await admin.PostAsync("/tokens", "create", ("name", "")),
            await admin.PostAsync("/accounts/new", "account", ("name", "")),
            await admin.AnswerAsync("/accounts", $"test-{story.Account}"),
            await admin.AnswerAsync($"{story.Connection}/syncs/{story.Completed}", "search", ("what", "key-of-ada"), ("by", "primaryKey")),
            await admin.PostAsync($"{story.Connection}/push", "push", ("text", "a,a\n1,2")),
            await admin.PostAsync($"{story.Connection}/settings", "settings", ("syncSettings.guard.maxRemovalPercent", "none")),
            await admin.GetAsync("/nowhere"),
            await admin.GetAsync("/connections/none/syncs/none"),
            await admin.GetAsync("/connections/none/settings"),
            await admin.GetAsync("/accounts/none"),
        ];
        Assert.All(pages, p => Assert.True(p.Status is HttpStatusCode.OK or HttpStatusCode.BadRequest or HttpStatusCode.NotFound, $"{p.Path}: {p.Status} {p.LeadsTo}"));
        Assert.All(pages, AssertStrict);
        Assert.All(pages, AssertNothingInline);
        Assert.All(pages, p => Assert.Contains("<h1>", p.Html, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_part_that_is_sent_while_a_sync_runs_has_nothing_inline()
    {
        using var admin = await ConsoleClient.SignInAsync(story.Host);
        story.Sync.Gate.Close();
        var sync = await story.Audience.StartAsync(Row.Insert("running", "running@example.com", "running"));
        await story.Sync.Gate.ArrivedAsync(TestContext.Current.CancellationToken);
        var page = (await admin.GetAsync($"{story.Connection}/syncs/{sync}")).ShouldBe(HttpStatusCode.OK);
        story.Sync.Gate.Open();
        var parts = (await admin.GetAsync($"{story.Connection}/syncs/{sync}/live", "text/event-stream")).ShouldBe(HttpStatusCode.OK);

        Assert.Contains("data-live=", page.Html, StringComparison.Ordinal);
        AssertNothingInline(page);
        Assert.Contains("event: finished", parts.Html, StringComparison.Ordinal);
        AssertNothingInline(parts);
    }

    private static void AssertStrict(ConsolePage answer)
    {
        var policy = answer.Header("Content-Security-Policy");
        Assert.True(policy.Contains("default-src 'none'", StringComparison.Ordinal), $"{answer.Path}: {policy}");
        foreach (var part in new[] { "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'", "script-src 'self'", "style-src 'self'" })
        {
            Assert.Contains(part, policy, StringComparison.Ordinal);
        }

        foreach (var part in new[] { "unsafe-", "data:", "http:", "https:", "*" })
        {
            Assert.DoesNotContain(part, policy, StringComparison.Ordinal);
        }

        Assert.Equal("nosniff", answer.Header("X-Content-Type-Options"));
        Assert.Equal("same-origin", answer.Header("Referrer-Policy"));
    }

    /// <summary>No script, style or handler in the page, and no address but of this service.</summary>
    internal static void AssertNothingInline(ConsolePage page)
    {
        foreach (var tag in Markup.Tags(page.Html))
        {
            var shown = $"{page.Path}: {page.Html[tag.Start..tag.End]}";
            Assert.False(tag.Name is "style" or "iframe" or "object" or "embed" or "base", shown);
            Assert.True(tag.Name != "script" || (tag["src"] is not null && page.Html[tag.End..].StartsWith("</script>", StringComparison.Ordinal)), shown);
            Assert.DoesNotContain(tag.Attributes, a => a.Key == "style" || a.Key.StartsWith("on", StringComparison.Ordinal));
            foreach (var (name, value) in tag.Attributes.Where(a => a.Key is "href" or "src" or "action" or "formaction" or "srcset" or "poster" or "data" or "data-fragment" or "data-live"))
            {
                Assert.True(value is ['#', ..] or "/" or ['/', not ('/' or '\\'), ..], $"{shown} has {name} {value}");
            }
        }

        Assert.DoesNotContain("://", page.Html, StringComparison.Ordinal);
    }
}
