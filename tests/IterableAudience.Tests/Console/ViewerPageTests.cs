using System.Net;
using IterableAudience.Tests.Syncs;
using Xunit;

namespace IterableAudience.Tests.Console;

/// <summary>Who may look and no more gets pages to look at: nothing to press, nobody to recognize, and no way around that.</summary>
public sealed class ViewerPageTests(ConsoleStory story) : IClassFixture<ConsoleStory>
{
    private static readonly string[] OfAdmin = ["/tokens", "/accounts/new", "/accounts/none", "/connections/new", "/connections/new/none/source"];

    private string[] SettingsAndSteps => [$"{story.Connection}/settings", $"/accounts/{story.Account}", $"/connections/new/{story.Draft}/map"];

    private string[] OfOperator => ["/people", $"{story.Connection}/push"];

    [Theory]
    [InlineData("viewer")]
    [InlineData("operator")]
    public async Task Every_link_leads_to_a_page_that_may_be_seen(string role)
    {
        using var client = await ConsoleClient.SignInAsync(story.Host, role);
        var pages = await story.LookAroundAsync(client);
        var linked = pages.SelectMany(ConsoleWalk.LinksOf).Append("/").ToHashSet();
        Assert.True(linked.Count > 20);
        Assert.All(pages.Where(p => linked.Contains(p.Path)), p => Assert.True(p.Status == HttpStatusCode.OK, $"{p.Path}: {p.Status}"));
    }

    [Fact]
    public async Task A_viewer_has_no_form_but_filters_and_the_sign_out()
    {
        using var viewer = await ConsoleClient.SignInAsync(story.Host, "viewer");
        foreach (var page in (await story.LookAroundAsync(viewer)).Where(p => p.Path != "/sign-in"))
        {
            Assert.All(page.PostedForms, f => Assert.Equal("/sign-out", f.Action));
            Assert.All(Markup.Tags(page.Html).Where(t => t.Name == "button"), b => Assert.True(b["type"] == "submit" || b["data-theme-switch"] is not null || b["data-copy"] is not null));
        }
    }

    [Fact]
    public async Task An_operator_has_no_form_that_only_an_admin_can_use()
    {
        using var user = await ConsoleClient.SignInAsync(story.Host, "operator");
        var handlers = (await story.LookAroundAsync(user)).SelectMany(p => p.PostedForms).Select(f => f.Handler.Split('-')[0]).Distinct().Order(StringComparer.Ordinal);
        Assert.Equal(["", "approve", "discard", "find", "full", "plan", "push", "reconcile", "run", "search", "sign", "test"], handlers);
    }

    [Theory]
    [InlineData("viewer")]
    [InlineData("operator")]
    public async Task Pages_that_are_not_for_a_role_say_so(string role)
    {
        using var client = await ConsoleClient.SignInAsync(story.Host, role);
        foreach (var path in OfAdmin.Concat(SettingsAndSteps).Concat(role == "viewer" ? OfOperator : []))
        {
            var page = (await client.GetAsync(path)).ShouldBe(HttpStatusCode.Forbidden);
            Assert.StartsWith("text/html", page.ContentType, StringComparison.Ordinal);
            Assert.Contains("Not with this role", page.Text, StringComparison.Ordinal);
            Assert.Contains($"This token's role, {role}, is too small for this request.", page.Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_viewer_sees_people_masked_on_every_page_and_in_every_file()
    {
        using var viewer = await ConsoleClient.SignInAsync(story.Host, "viewer");
        var sync = $"{story.Connection}/syncs/{story.Completed}";
        var pages = (await story.LookAroundAsync(viewer)).Append(await viewer.GetAsync($"{sync}/live", "text/event-stream")).ToList();
        Assert.Contains(pages, p => p.Path.Contains("/export", StringComparison.Ordinal) && p.Html.Contains("a…@example.com", StringComparison.Ordinal));
        Assert.Contains("a…@example.com", pages.Single(p => p.Path == sync).Text, StringComparison.Ordinal);
        Assert.Contains("k…a", pages.Single(p => p.Path == sync).Text, StringComparison.Ordinal);
        Assert.Matches("s…@example.com|u…r", pages.Single(p => p.Path.Contains("/reconcile/", StringComparison.Ordinal)).Text);
        Assert.All(pages, p => Assert.All(ConsoleStory.People, person => Assert.False(p.Html.Contains(person, StringComparison.Ordinal), $"{p.Path} has {person}")));
    }

    [Fact]
    public async Task An_operator_sees_them()
    {
        using var user = await ConsoleClient.SignInAsync(story.Host, "operator");
        var pages = await story.LookAroundAsync(user);
        Assert.All(ConsoleStory.People.Where(p => !p.Contains("stranger", StringComparison.Ordinal)), person => Assert.Contains(pages, p => p.Html.Contains(person, StringComparison.Ordinal)));
    }

    /// <summary>The name of a form is no secret: every form that an admin has is sent by others, with the token of their own session.</summary>
    [Theory]
    [InlineData("viewer")]
    [InlineData("operator")]
    public async Task A_form_of_a_higher_role_does_nothing(string role)
    {
        using var admin = await ConsoleClient.SignInAsync(story.Host);
        using var client = await ConsoleClient.SignInAsync(story.Host, role);
        var own = (await story.LookAroundAsync(client)).SelectMany(FormsOf).Select(f => f.Key).ToHashSet();
        var forged = (await story.LookAroundAsync(admin)).SelectMany(FormsOf).Where(f => !own.Contains(f.Key)).DistinctBy(f => f.Key).ToList();
        Assert.Contains(forged, f => f.Form.Handler == "pause");
        Assert.Contains(forged, f => f.Form.Handler == "step");
        Assert.Equal(role == "viewer", forged.Any(f => f.Form.Handler == "approve"));
        var token = await client.TokenOfFormsAsync();
        (await client.PostAsync("/", new Form("/parts/next-runs", "post", "", [new(Form.TokenField, token)]))).ShouldBe(HttpStatusCode.OK); // it is a good one
        var before = await story.StateAsync();

        foreach (var (_, path, form) in forged)
        {
            var answer = await client.PostAsync(path, form.With((Form.TokenField, token)));
            Assert.True(answer.Status is HttpStatusCode.Forbidden or HttpStatusCode.BadRequest, $"{path} {form.Handler}: {answer.Status} {answer.LeadsTo}");
            // The name of the form can be moved to where it isn't looked for, and to other pages.
            foreach (var elsewhere in new[] { "/", "/accounts", "/about", story.Connection, $"{story.Connection}/syncs/{story.Held}" })
            {
                answer = await client.PostAsync(elsewhere, form.With((Form.TokenField, token)) with { Action = $"{elsewhere}?_handler={form.Handler}" });
                Assert.True(answer.Status is HttpStatusCode.Forbidden or HttpStatusCode.BadRequest, $"{elsewhere} {form.Handler}: {answer.Status} {answer.LeadsTo}");
            }
        }

        Assert.Equal(before, await story.StateAsync());
    }

    [Fact]
    public async Task A_viewer_can_not_stop_a_running_sync()
    {
        using var admin = await ConsoleClient.SignInAsync(story.Host);
        using var viewer = await ConsoleClient.SignInAsync(story.Host, "viewer");
        story.Sync.Gate.Close();
        var sync = await story.Audience.StartAsync(Row.Insert("late", "late@example.com", "late"));
        await story.Sync.Gate.ArrivedAsync(TestContext.Current.CancellationToken);
        var path = $"{story.Connection}/syncs/{sync}";
        var form = (await admin.GetAsync(path)).Form("cancel");
        Assert.DoesNotContain((await viewer.GetAsync(path)).Forms, f => f.Handler == "cancel");

        (await viewer.PostAsync(path, form.With((Form.TokenField, await viewer.TokenOfFormsAsync())))).ShouldBe(HttpStatusCode.BadRequest);

        story.Sync.Gate.Open();
        Assert.Equal("completed", (await story.Audience.EndOfAsync(sync)).Outcome);
    }

    [Fact]
    public async Task Other_addresses_of_the_console_ask_for_their_role_too()
    {
        using var viewer = await ConsoleClient.SignInAsync(story.Host, "viewer");
        using var nobody = new ConsoleClient(story.Host);
        var token = await viewer.TokenOfFormsAsync();
        var preview = new Form($"/connections/new/{story.Draft}/preview", "post", "", [new(Form.TokenField, token)]);
        (await viewer.PostAsync("/", preview)).ShouldBe(HttpStatusCode.Forbidden);
        foreach (var path in new[] { "live", "export?format=csv", "export?format=ndjson" }.Select(p => $"{story.Connection}/syncs/{story.Completed}/{p}"))
        {
            (await viewer.GetAsync(path, "*/*")).ShouldBe(HttpStatusCode.OK);
            (await nobody.GetAsync(path, "*/*")).ShouldBe(HttpStatusCode.Unauthorized);
            (await nobody.GetAsync(path)).ShouldBe(HttpStatusCode.Redirect);
        }
    }

    /// <summary>What is set up is whose token it was begun with; another admin sees nothing of it.</summary>
    [Fact]
    public async Task A_draft_is_of_whoever_began_it()
    {
        var made = await story.Host.PostAsync("/v2/tokens", """{"name":"Other","role":"admin"}""");
        using var other = new ConsoleClient(story.Host);
        (await other.SignInAsync(made.Text("token"))).ShouldLeadTo("/");
        var page = (await other.GetAsync($"/connections/new/{story.Draft}/review")).ShouldBe(HttpStatusCode.NotFound);
        Assert.DoesNotContain("Another", page.Html, StringComparison.Ordinal);
    }

    private static IEnumerable<(string Key, string Page, Form Form)> FormsOf(ConsolePage page)
        => page.PostedForms.Select(f => ($"{(f.Action ?? page.Path).Split('?')[0]} {f.Handler}", page.Path, f));
}
