using System.Text;
using Microsoft.Playwright;
using Xunit;
using Xunit.Sdk;

namespace IterableAudience.Tests.Console;

/// <summary>What looks at pages sees what is wrong with them, and nothing where all is well.</summary>
[Collection<OneBrowser>]
public sealed class HarnessTests(Browser browser, ConsoleSite site) : IClassFixture<ConsoleSite>
{
    [Fact]
    public async Task A_good_page_under_the_strictest_policy_is_clean_and_looking_at_it_breaks_no_rule()
    {
        await using var server = await PageServer.StartAsync(
            ("/", """<link rel="stylesheet" href="/style.css"><script src="/script.js"></script><main><h1>Good</h1><label>Name <input name="name"></label></main>"""),
            ("/style.css", "@keyframes move { to { margin: 1em } } h1 { animation: move 1s infinite }"),
            ("/script.js", "console.log('good')"));
        await using var tab = await browser.OpenAsync(server.Address);
        await tab.GoAsync("/");

        await tab.AxeAsync();
        var picture = await tab.ScreenshotAsync("harness");
        await tab.AssertCleanAsync();

        Assert.Equal("PNG", Encoding.ASCII.GetString(await File.ReadAllBytesAsync(picture, TestContext.Current.CancellationToken), 1, 3));
        File.Delete(picture);
    }

    [Fact]
    public async Task Every_complaint_of_the_browser_is_reported()
    {
        await using var server = await PageServer.StartAsync(
            ("/", """
                <link rel="stylesheet" href="/empty.css"><link rel="stylesheet" href="/missing.css"><p style="color: red">inline</p>
                <script>document.title = 'never'</script><img src="http://127.0.0.1:9/elsewhere.png" alt=""><script src="/script.js"></script><script src="/broken.js"></script>
                """),
            ("/empty.css", ""),
            ("/broken.js", null),
            ("/script.js", "console.error('an error'); console.warn('a warning'); setTimeout(() => { throw new Error('a throw') }); nothing();"));
        await using var tab = await browser.OpenAsync(server.Address);
        await tab.GoAsync("/");

        var said = await ComplaintsAsync(tab.AssertCleanAsync);

        string[] wanted =
        [
            "console error: an error", "console warning: a warning", "script: Error: a throw", "nothing is not defined",
            $"answer: 404 of GET {server.Address}missing.css", $"answer: an empty stylesheet {server.Address}empty.css", $"for GET {server.Address}broken.js",
            "policy: style-src-attr refused inline", "policy: script-src-elem refused inline", "policy: img-src refused http://127.0.0.1:9/elsewhere.png",
        ];
        Assert.All(wanted, w => Assert.Contains(w, said, StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_answer_that_a_test_announces_is_no_complaint_and_one_that_does_not_come_is()
    {
        await using var server = await PageServer.StartAsync();
        await using var tab = await browser.OpenAsync(server.Address);
        tab.Announce(404, "/nowhere");
        await tab.GoAsync("/nowhere");
        await tab.AssertCleanAsync();

        tab.Announce(403, "/forbidden");

        Assert.Contains("no answer 403 of /forbidden", await ComplaintsAsync(tab.AssertCleanAsync), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_picture_without_words_and_a_field_without_a_label_fail_axe()
    {
        await using var server = await PageServer.StartAsync(("/", """<main><h1>Bad</h1><img src="data:,"><input id="name"></main>"""));
        await using var tab = await browser.OpenAsync(server.Address);
        await tab.GoAsync("/");

        var said = await ComplaintsAsync(tab.AxeAsync);

        Assert.Contains("""image-alt (critical) at ["img"]: Fix any of the following:""", said, StringComparison.Ordinal);
        Assert.Contains("""label (critical) at ["#name"]: Fix any of the following:""", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_without_script_is_watched_too()
    {
        await using var server = await PageServer.StartAsync(("/", """<main><h1>Quiet</h1><script src="/script.js"></script><p style="color: red">inline</p></main>"""));
        await using var tab = await browser.OpenAsync(server.Address, width: 390, scheme: ColorScheme.Dark, script: false);
        await tab.GoAsync("/");

        File.Delete(await tab.ScreenshotAsync("harness-quiet"));
        var said = await ComplaintsAsync(tab.AssertCleanAsync);

        Assert.Contains("violates the following", said, StringComparison.Ordinal);
        Assert.DoesNotContain("script.js", said, StringComparison.Ordinal);
        Assert.True(await tab.Page.EvaluateAsync<bool>("() => matchMedia('(prefers-color-scheme: dark)').matches && innerWidth === 390"));
    }

    [Fact]
    public async Task Swagger_UI_of_the_published_service_opens_without_a_complaint()
    {
        await using var tab = await browser.OpenAsync(site.Address);
        await tab.GoAsync("/swagger");

        await Assertions.Expect(tab.Page.GetByText("/v2/retl-connections", new() { Exact = true }).First).ToBeVisibleAsync();

        await tab.AssertCleanAsync();
        using var answer = await site.Api.GetAsync("/v2/accounts", TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode);
        Assert.Empty(site.Simulator.World.Log.Entries);
    }

    private static async Task<string> ComplaintsAsync(Func<Task> look) => (await Assert.ThrowsAnyAsync<XunitException>(look)).Message;
}
