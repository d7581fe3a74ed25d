using System.Net;
using IterableAudience.Hosting;
using IterableAudience.Tests.Syncs;
using Xunit;

namespace IterableAudience.Tests.Console;

/// <summary>What goes wrong without anybody's fault, by a page that was left open or a link that was cut: people read what to do, and nothing fails.</summary>
public sealed class OddRequestTests(ConsoleStory story) : IClassFixture<ConsoleStory>
{
    /// <summary>The service may stand behind a proxy that speaks TLS and says nothing of it. To http, the policy (form-action 'self') lets no form lead.</summary>
    [Fact]
    public async Task A_redirect_after_a_form_names_no_scheme_and_no_host()
    {
        using var client = new ConsoleClient(story.Host);
        Assert.Equal("/accounts", (await client.SignInAsync(TestHost.AdminToken, "/sign-in?returnUrl=%2Faccounts")).Raw.Location!.OriginalString);
    }

    [Fact]
    public async Task A_form_from_before_another_sign_in_is_refused_in_words()
    {
        using var client = await ConsoleClient.SignInAsync(story.Host);
        var form = (await client.GetAsync("/tokens")).Form("create").With(("name", "late"));
        await client.SignInAsync((await story.Host.PostAsync("/v2/tokens", """{"name":"Another","role":"admin"}""")).Text("token"));

        AssertExplained(await client.PostAsync("/tokens", form));
    }

    /// <summary>Whoever presses Stop may be a moment too late.</summary>
    [Fact]
    public async Task A_button_that_has_gone_meanwhile_is_refused_in_words()
    {
        using var client = await ConsoleClient.SignInAsync(story.Host);
        story.Sync.Gate.Close();
        var sync = await story.Audience.StartAsync(Row.Insert("quick", "quick@example.com", "quick"));
        await story.Sync.Gate.ArrivedAsync(TestContext.Current.CancellationToken);
        var path = $"{story.Connection}/syncs/{sync}";
        var stop = (await client.GetAsync(path)).ShouldBe(HttpStatusCode.OK).Form("cancel");
        story.Sync.Gate.Open();
        await story.Audience.EndOfAsync(sync);

        AssertExplained(await client.PostAsync(path, stop));
    }

    /// <summary>A browser keeps strict cookies back when a link in a chat or an alert is followed; what the answer sets takes their place.</summary>
    [Fact]
    public async Task A_link_from_elsewhere_does_not_spoil_the_forms_of_other_tabs()
    {
        using var client = new ConsoleClient(story.Host);
        var first = await client.GetAsync("/sign-in");
        await client.SignInAsync(TestHost.AdminToken);
        var open = (await client.GetAsync("/people")).Form("find").With(("who", "ada.lovelace@example.com"));
        var strict = first.Raw.GetValues("Set-Cookie").Where(c => c.Contains("samesite=strict", StringComparison.OrdinalIgnoreCase)).Select(c => c.Split('=')[0]).ToList();
        foreach (var cookie in client.Cookies.GetAllCookies().Where(c => strict.Contains(c.Name)))
        {
            cookie.Expired = true;
        }

        (await client.GetAsync(story.Connection)).ShouldBe(HttpStatusCode.OK);

        (await client.PostAsync("/people", open)).ShouldLeadTo("/people?found=1");
    }

    [Theory]
    [InlineData("/accounts?page=x")]
    [InlineData("/accounts?page=99999999999999")]
    [InlineData("/tokens?page=x")]
    [InlineData("{sync}?requests=x")]
    [InlineData("{sync}?batch=x")]
    public async Task A_number_in_an_address_that_is_none_is_no_failure_of_the_service(string path)
    {
        using var client = await ConsoleClient.SignInAsync(story.Host);
        var page = await client.GetAsync(path.Replace("{sync}", $"{story.Connection}/syncs/{story.Completed}", StringComparison.Ordinal));
        Assert.True(page.Status is HttpStatusCode.OK or HttpStatusCode.BadRequest or HttpStatusCode.NotFound, $"{page.Status}: {page.Text}");
    }

    private static void AssertExplained(ConsolePage page)
    {
        Assert.True((int)page.Status is >= 400 and < 500, $"{page.Status} {page.LeadsTo}");
        Assert.True(page.Html.Contains("<h1>", StringComparison.Ordinal), $"{page.Status}, a blank page ({page.ContentType}): '{page.Html}'");
    }
}
