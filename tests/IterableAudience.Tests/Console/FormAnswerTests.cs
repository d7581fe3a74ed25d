using System.Net;
using IterableAudience.Tests.Syncs;
using Xunit;

namespace IterableAudience.Tests.Console;

/// <summary>A form leads to a page that says what came of it: loading that page again, or coming back to it, does nothing again.</summary>
public sealed class FormAnswerTests(ConsoleStory story) : IClassFixture<ConsoleStory>
{
    [Theory]
    [InlineData("Once")]
    [InlineData("名")] // two hundred of them: the longest that a note may have to hold
    public async Task A_token_is_made_once_and_shown_once(string name)
    {
        using var admin = await ConsoleClient.SignInAsync(story.Host);
        name = name.Length == 1 ? string.Concat(Enumerable.Repeat(name, 200)) : name;
        (await admin.PostAsync("/tokens", "create", ("name", name), ("role", "viewer"))).ShouldLeadTo("/tokens");

        var shown = await admin.GetAsync("/tokens");
        var token = Assert.Single(Markup.Matches(shown.Html, "code"), c => c.Tag["id"] == "new-token").Content;
        Assert.Contains($"{name} (viewer) is made", shown.Line, StringComparison.Ordinal);
        using var viewer = new ConsoleClient(story.Host);
        (await viewer.SignInAsync(token)).ShouldLeadTo("/");

        Assert.DoesNotContain(token, (await admin.GetAsync("/tokens")).Html, StringComparison.Ordinal);
        Assert.Single((await story.Host.GetAsync("/v2/tokens?pageSize=500")).Json["data"]!.AsArray(), t => (string)t!["name"]! == name);
    }

    /// <summary>Two people at one browser: what is left for the first is not for the second.</summary>
    [Fact]
    public async Task Nobody_else_sees_what_is_shown_once()
    {
        using var client = await ConsoleClient.SignInAsync(story.Host);
        (await client.PostAsync("/tokens", "create", ("name", "Private"), ("role", "viewer"))).ShouldLeadTo("/tokens");
        (await client.PostAsync("/people", "find", ("who", "ada.lovelace@example.com"))).ShouldLeadTo("/people?found=1");
        var other = await story.Host.PostAsync("/v2/tokens", """{"name":"Second","role":"admin"}""");
        await client.SignInAsync(other.Text("token"));

        var tokens = (await client.GetAsync("/tokens")).ShouldBe(HttpStatusCode.OK);
        Assert.DoesNotContain("new-token", tokens.Html, StringComparison.Ordinal);
        var people = (await client.GetAsync("/people?found=1")).ShouldBe(HttpStatusCode.OK);
        Assert.DoesNotContain("ada.lovelace", people.Html, StringComparison.Ordinal);
        Assert.Contains("Search again", people.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_note_is_not_readable_in_the_browser()
    {
        using var admin = await ConsoleClient.SignInAsync(story.Host);
        var answer = await admin.PostAsync("/people", "find", ("who", "ada.lovelace@example.com"));
        var cookie = Assert.Single(answer.Raw.GetValues("Set-Cookie"), c => c.StartsWith("iterable-audience-who=", StringComparison.Ordinal));
        Assert.Contains("path=/people; samesite=strict; httponly", cookie, StringComparison.Ordinal);
        Assert.DoesNotContain("lovelace", cookie, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_was_looked_for_is_there_when_the_page_is_loaded_again_and_never_in_its_address()
    {
        using var user = await ConsoleClient.SignInAsync(story.Host, "operator");
        var sync = $"{story.Connection}/syncs/{story.Completed}";
        (await user.PostAsync("/people", "find", ("who", "Ada.Lovelace@example.com"))).ShouldLeadTo("/people?found=1");
        (await user.PostAsync(sync, "search", ("by", "primaryKey"), ("what", "key-of-grace"))).ShouldLeadTo($"{sync}?found=1");
        for (var load = 0; load < 2; load++)
        {
            Assert.Contains("Iterable accepted the person", (await user.GetAsync("/people?found=1")).Text, StringComparison.Ordinal);
            var page = await user.GetAsync($"{sync}?found=1");
            Assert.Contains("grace.hopper@example.com", page.Text, StringComparison.Ordinal);
            Assert.DoesNotContain("alan.turing@example.com", page.Text, StringComparison.Ordinal);
        }

        Assert.Contains("alan.turing@example.com", (await user.GetAsync(sync)).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_search_is_forgotten_after_some_minutes()
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(56));
        await using var host = new TestHost { Time = time };
        using var user = await ConsoleClient.SignInAsync(host, "operator");
        (await user.PostAsync("/people", "find", ("who", "somebody@example.com"))).ShouldLeadTo("/people?found=1");
        Assert.Contains("somebody@example.com", (await user.GetAsync("/people?found=1")).Text, StringComparison.Ordinal);
        time.Advance(TimeSpan.FromMinutes(11));
        Assert.DoesNotContain("somebody@example.com", (await user.GetAsync("/people?found=1")).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_button_that_the_API_refuses_says_why()
    {
        using var user = await ConsoleClient.SignInAsync(story.Host, "operator");
        var held = $"{story.Connection}/syncs/{story.Held}";
        await SaidOnceAsync(user, await user.PostAsync(held, "approve", ("planHash", "of another plan")), "This is not the hash of the sync's plan.");
        Assert.Equal("held", (await story.Audience.GetAsync(story.Held)).Outcome);
    }

    [Fact]
    public async Task What_was_done_is_said_once_on_the_page_that_follows()
    {
        using var admin = await ConsoleClient.SignInAsync(story.Host);
        await SaidOnceAsync(admin, await admin.PostAsync(story.Connection, "pause"), "Paused. No sync starts");
        await SaidOnceAsync(admin, await admin.PostAsync(story.Connection, "resume"), "Resumed. Syncs start again");
        await SaidOnceAsync(admin, await admin.PostAsync($"{story.Connection}/settings", "settings", ("syncSettings.guard.maxRemovalPercent", "51")), "Saved. The next sync works with these settings.");
        await SaidOnceAsync(admin, await admin.PostAsync("/accounts", $"test-{story.Account}"), "Project works");
        var token = (await story.Host.PostAsync("/v2/tokens", """{"name":"To be revoked","role":"viewer"}""")).Text("id");
        await SaidOnceAsync(admin, await admin.PostAsync("/tokens", $"revoke-{token}"), "To be revoked is revoked");
    }

    [Fact]
    public async Task A_secret_that_is_replaced_is_tested_at_once()
    {
        using var admin = await ConsoleClient.SignInAsync(story.Host);
        var made = await admin.PostAsync("/accounts/new", "account", ("name", "Spare"), ("secret.apiKey", "api-key-77"), ("options.projectType", "hybrid"));
        await SaidOnceAsync(admin, made, "Spare is saved, and works");
        var id = (string)(await story.Host.GetAsync("/v2/accounts?pageSize=500")).Json["data"]!.AsArray().Single(a => (string)a!["name"]! == "Spare")!["id"]!;

        var replaced = await admin.PostAsync($"/accounts/{id}", "account", ("secret.apiKey", "api-key-of-nobody"));
        await SaidOnceAsync(admin, replaced, "Spare is saved, but doesn't work: ");
        Assert.DoesNotContain("api-key-of-nobody", replaced.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_form_that_is_refused_leads_back_to_its_page()
    {
        using var admin = await ConsoleClient.SignInAsync(story.Host);
        var page = (await admin.PostAsync("/tokens", new Form(null, "post", "", [new("name", "x")]))).ShouldBe(HttpStatusCode.BadRequest);
        Assert.Contains(Markup.Tags(page.Html), t => t.Name == "a" && t["href"] == "/tokens" && (t["class"] ?? "").Contains("primary", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("/sign-in", false, false)]
    [InlineData("/sign-in?ended=page", true, false)]
    [InlineData("/sign-in?ended=form", true, true)]
    public async Task The_sign_in_says_why_somebody_has_to(string path, bool ended, bool formLost)
    {
        using var client = new ConsoleClient(story.Host);
        var page = (await client.GetAsync(path)).ShouldBe(HttpStatusCode.OK);
        Assert.Equal(ended, page.Text.Contains("Your session has ended", StringComparison.Ordinal));
        Assert.Equal(formLost, page.Text.Contains("nothing was changed", StringComparison.Ordinal));
    }

    private static async Task SaidOnceAsync(ConsoleClient client, ConsolePage answer, string text)
    {
        Assert.True(answer.LeadsTo.Length > 0, $"{answer.Path}: {answer.Status} {answer.Text}");
        Assert.Contains(text, (await client.GetAsync(answer.LeadsTo)).Text, StringComparison.Ordinal);
        Assert.DoesNotContain(text, (await client.GetAsync(answer.LeadsTo)).Text, StringComparison.Ordinal);
    }
}
