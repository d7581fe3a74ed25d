using System.Net;
using System.Text.Json.Nodes;
using IterableAudience.Tests.Syncs;
using Xunit;

namespace IterableAudience.Tests.Console;

/// <summary>Names come from people and from other systems; whatever is in them, they are text.</summary>
public sealed class HostileNameTests : IAsyncLifetime
{
    private const string Mark = """<script>alert(1)</script>"><img src=x onerror=alert(2)>'&lt;&""" + "\u202e\u200f";

    /// <summary>None of this stands anywhere in a page.</summary>
    private static readonly string[] Raw = ["<script>alert", "<img src=x", "onerror=alert(2)>", "</script>\"", "<b onclick", "\u202e", "\u200f", "'&lt;&"];

    private readonly ConsoleStory _story = new(Mark);

    [Fact]
    public async Task Every_page_shows_them_as_they_are_and_none_of_it_is_markup()
    {
        using var admin = await ConsoleClient.SignInAsync(_story.Host);
        var pages = (await _story.LookAroundAsync(admin)).Where(p => p.ContentType.StartsWith("text/html", StringComparison.Ordinal)).ToList();
        Assert.All(pages, AssertHarmless);

        string[] wanted =
        [
            "Project", "Destination", "Token", "List", "Paused", "Read", "Source", "Warehouse", "external", "Another source", "Another destination", "Another list", "key-of-ada", "record-of-ada", "edsger at people", "key-of-radia",
            "people", "EMAIL",
        ];
        Assert.All(wanted, name => Assert.Contains(pages, p => p.Text.Contains(name + Mark, StringComparison.Ordinal) || Values(p).Any(v => v.Contains(name + Mark, StringComparison.Ordinal))));
        Assert.All(new[] { "user-of-ada", "user-of-radia" }, name => Assert.Contains(pages, p => p.Text.Contains(name + ConsoleStory.MarkOfUserIds, StringComparison.Ordinal)));
        Assert.All(
            new[] { "/", "/accounts", "/tokens", _story.Connection, $"{_story.Connection}/syncs/{_story.Completed}", $"/connections/new/{_story.Draft}/review" },
            path => Assert.Contains(Mark, pages.Single(p => p.Path == path).Text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_data_of_charts_is_JSON_whatever_the_names()
    {
        using var admin = await ConsoleClient.SignInAsync(_story.Host);
        var charts = Markup.Tags((await admin.GetAsync(_story.Connection)).Html).Select(t => t["data-chart"]).OfType<string>().ToList();
        Assert.Equal(["line", "stacked"], charts.Select(c => (string)JsonNode.Parse(c)!["kind"]!).Order(StringComparer.Ordinal));
        Assert.All(charts, c => Assert.DoesNotContain('<', c));
    }

    [Fact]
    public async Task What_was_typed_comes_back_as_text()
    {
        using var admin = await ConsoleClient.SignInAsync(_story.Host);
        var sync = $"{_story.Connection}/syncs/{_story.Completed}";
        ConsolePage[] answers =
        [
            await admin.AnswerAsync("/people", "find", ("who", Mark)),
            await admin.AnswerAsync("/people", "find", ("who", "ada.lovelace@example.com")),
            await admin.AnswerAsync("/tokens", "create", ("name", Mark + "\u0001"), ("role", Mark)),
            await admin.AnswerAsync("/tokens", "create", ("name", "New" + Mark), ("role", "viewer")),
            await admin.PostAsync("/accounts/new", "account", ("name", Mark), ("secret.apiKey", Mark), ("options.dataCenter", Mark), ("options.projectType", Mark), ("options.maxInFlight", Mark)),
            await admin.PostAsync("/accounts/new?kind=SOURCE_POSTGRES", "account", ("name", Mark), ("options.host", Mark), ("options.port", Mark), ("options.sslMode", Mark)),
            await admin.AnswerAsync("/accounts", $"test-{_story.Account}"),
            await admin.AnswerAsync(sync, "search", ("what", Mark), ("by", Mark)),
            await admin.AnswerAsync(sync, "search", ("what", "key-of-ada" + Mark), ("by", "primaryKey")),
            await admin.PostAsync($"{_story.Connection}/push", "push", ("text", $"</textarea>{Mark},{Mark}")),
            await admin.PostAsync($"{_story.Connection}/push", "push", ("text", $$"""{"records":[{{Mark}}""")),
            await admin.PostAsync($"{_story.Connection}/settings", "settings", ("map.email", Mark), ("map.userId", Mark), ("syncSettings.guard.maxRemovalPercent", Mark), ("syncSettings.unknownDeletes", Mark)),
            await admin.PostAsync($"/connections/{_story.Reader.Connection}/settings", "settings", ("schedule.type", "cron"), ("schedule.cronExpression", Mark)),
            await admin.PostAsync($"/connections/new/{_story.Draft}/map", new Form($"/connections/new/{_story.Draft}/preview", "post", "", [new(Form.TokenField, await admin.TokenOfFormsAsync())])),
            await admin.PostAsync("/", new Form("/parts/next-runs", "post", "", [new(Form.TokenField, await admin.TokenOfFormsAsync()), new("schedule.type", "cron"), new("schedule.cronExpression", Mark)])),
        ];
        Assert.All(answers, a => Assert.True(a.Status is HttpStatusCode.OK or HttpStatusCode.BadRequest && a.Html.Length > 0, $"{a.Path}: {a.Status} {a.LeadsTo}"));
        Assert.All(answers, AssertHarmless);
        Assert.Contains(Mark, answers[0].Text, StringComparison.Ordinal);
        Assert.Contains("key-of-ada" + Mark, answers[1].Text, StringComparison.Ordinal);
        Assert.Contains("New" + Mark, answers[3].Text, StringComparison.Ordinal);
        Assert.Contains("Project" + Mark, answers[6].Text, StringComparison.Ordinal);
        Assert.Contains("key-of-ada" + Mark, answers[8].Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task So_does_what_stands_in_an_address_or_a_cookie()
    {
        using var admin = await ConsoleClient.SignInAsync(_story.Host);
        var mark = Uri.EscapeDataString(Mark);
        var sync = $"{_story.Connection}/syncs/{_story.Completed}";
        foreach (var path in new[]
        {
            $"/?q={mark}&state={mark}", $"/?after={mark}", $"/?q=List&state={mark}", $"/{mark}", $"/connections/{mark}", $"/connections/{mark}/settings", $"/connections/{mark}/push",
            $"{_story.Connection}?status={mark}&before={mark}", $"{_story.Connection}/reconcile/{mark}", $"/connections/{mark}/reconcile/x", $"{_story.Connection}/syncs/{mark}",
            $"{sync}?outcome={mark}&reason={mark}&action={mark}", $"{sync}?cursor={mark}", $"/accounts/new?kind={mark}", $"/accounts/{mark}", $"/connections/new/{mark}/{mark}",
            $"/sign-in?returnUrl={mark}",
        })
        {
            var page = await admin.GetAsync(path);
            Assert.True(page.Status is HttpStatusCode.OK or HttpStatusCode.NotFound or HttpStatusCode.BadRequest, $"{path}: {page.Status} {page.Html}");
            AssertHarmless(page);
        }

        admin.Cookies.Add(admin.Address, new Cookie("theme", Uri.EscapeDataString("\"><script>alert(1)</script>")));
        var themed = await admin.GetAsync("/");
        AssertHarmless(themed);
        Assert.Contains("data-theme=\"\"", themed.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_page_of_a_running_sync_and_the_parts_that_follow_are_harmless_too()
    {
        using var admin = await ConsoleClient.SignInAsync(_story.Host);
        _story.Sync.Gate.Close();
        var sync = await _story.Audience.StartAsync(Row.Insert("running" + Mark, "running@example.com", "running" + Mark));
        await _story.Sync.Gate.ArrivedAsync(TestContext.Current.CancellationToken);
        AssertHarmless((await admin.GetAsync($"{_story.Connection}/syncs/{sync}")).ShouldBe(HttpStatusCode.OK));
        AssertHarmless((await admin.GetAsync(_story.Connection)).ShouldBe(HttpStatusCode.OK));
        _story.Sync.Gate.Open();
        AssertHarmless((await admin.GetAsync($"{_story.Connection}/syncs/{sync}/live", "text/event-stream")).ShouldBe(HttpStatusCode.OK));
    }

    public ValueTask InitializeAsync() => _story.InitializeAsync();

    public ValueTask DisposeAsync() => _story.DisposeAsync();

    private static void AssertHarmless(ConsolePage page)
    {
        Assert.All(Raw, r => Assert.False(page.Html.Contains(r, StringComparison.Ordinal), $"{page.Path} has {r} in {page.Html}"));
        HeaderTests.AssertNothingInline(page);
    }

    /// <summary>What stands in fields and other attributes.</summary>
    private static IEnumerable<string> Values(ConsolePage page) => Markup.Tags(page.Html).SelectMany(t => t.Attributes).Select(a => a.Value);
}
