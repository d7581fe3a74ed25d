using IterableAudience.Tests.Faults;
using Microsoft.Playwright;
using Xunit;

namespace IterableAudience.Tests.Console;

/// <summary>Each page, narrow and wide, light and dark: nothing is refused, nothing sticks out, and axe has no objection.</summary>
[Collection<OneBrowser>]
public sealed class EveryPageTests(Browser browser, ConsoleSite site) : IClassFixture<ConsoleSite>
{
    [Theory]
    [InlineData(400, ColorScheme.Light)]
    [InlineData(400, ColorScheme.Dark)]
    [InlineData(1600, ColorScheme.Light)]
    [InlineData(1600, ColorScheme.Dark)]
    public async Task Every_page_is_clean_at_every_width(int width, ColorScheme scheme)
    {
        var pages = await PagesAsync();
        await using var tab = await browser.OpenAsync(site.Address, width, 900, scheme);
        await tab.SignInAsync(ConsoleSite.AdminToken);
        tab.Announce(404, "/nothing");
        foreach (var path in pages)
        {
            await tab.GoAsync(path);
            await Assertions.Expect(tab.Page.Locator("h1")).ToHaveCountAsync(1);
            await tab.AxeAsync();
            var over = await tab.Page.EvaluateAsync<int>("() => document.documentElement.scrollWidth - innerWidth");
            Assert.True(over <= 0, $"{path} is {over} pixels wider than {width}");
        }

        await tab.AssertCleanAsync();
    }

    [Fact]
    public async Task A_viewer_sees_no_person_and_no_button_that_it_cannot_use()
    {
        var pages = await PagesAsync();
        await using var tab = await browser.OpenAsync(site.Address);
        await tab.SignInAsync(await site.Site.TokenAsync("viewer"));
        foreach (var path in pages.Where(p => !ForOthers.Any(p.Contains)))
        {
            await tab.GoAsync(path);
            var html = await tab.Page.ContentAsync();
            Assert.DoesNotContain(Rows.Email(3), html, StringComparison.Ordinal);
            Assert.DoesNotContain(Rows.KeyPrefix + "3<", html, StringComparison.Ordinal);
            var buttons = await tab.Page.Locator("main form[method=post] button").AllInnerTextsAsync();
            Assert.True(buttons.Count == 0, $"{path}: {string.Join(", ", buttons)}");
        }

        tab.Announce(403, "/tokens");
        await tab.GoAsync("/tokens");
        await tab.SeeAsync("Not with this role");
        await tab.AssertCleanAsync();
    }

    private async Task<IReadOnlyList<string>> PagesAsync()
    {
        if (_pages is null)
        {
            var audience = await site.Site.AudienceAsync("Newsletter");
            await site.Site.SyncAsync(audience, Rows.Of(0, 400).Bad(900, 12));
            var sync = (string)(await site.Site.SyncAsync(audience, new Rows().Insert(400, 60).Delete(0, 20)))["id"]!;
            var other = await site.Site.AudienceAsync("Trial users, third day");
            await site.Site.SyncAsync(other, Rows.Of(0, 250));
            var held = (string)(await site.Site.SyncAsync(other, new Rows().Delete(0, 200)))["id"]!;
            await site.Site.AudienceAsync("VIP");
            var comparison = (string)(await site.Site.PostAsync($"/v2/retl-connections/{audience.Connection}/reconcile", "{}"))["reconcileId"]!;
            var account = (string)(await site.Site.GetAsync("/v2/accounts"))["data"]![0]!["id"]!;
            _pages =
            [
                "/", "/?state=attention", "/?q=nothing", "/people", "/accounts", "/accounts/new", $"/accounts/{account}", "/tokens", "/about", "/connections/new", "/nothing",
                $"/connections/{audience.Connection}", $"/connections/{audience.Connection}/settings", $"/connections/{audience.Connection}/push",
                $"/connections/{audience.Connection}/reconcile/{comparison}", $"/connections/{audience.Connection}/syncs/{sync}",
                $"/connections/{audience.Connection}/syncs/{sync}?outcome=failed", $"/connections/{other.Connection}/syncs/{held}",
            ];
        }

        return _pages;
    }

    /// <summary>Parts of the addresses of pages that a viewer doesn't get, and of the one that isn't there.</summary>
    private static readonly string[] ForOthers = ["/nothing", "/tokens", "/people", "/accounts/", "/settings", "/push", "/new"];

    private static IReadOnlyList<string>? _pages;
}
