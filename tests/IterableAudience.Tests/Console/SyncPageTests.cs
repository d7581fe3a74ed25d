using System.Text.RegularExpressions;
using IterableAudience.Tests.Faults;
using Microsoft.Playwright;
using Xunit;

namespace IterableAudience.Tests.Console;

/// <summary>Watching a sync, deciding about a held one, finding out about a person.</summary>
[Collection<OneBrowser>]
public sealed partial class SyncPageTests(Browser browser, ConsoleSite site) : IClassFixture<ConsoleSite>
{
    [Fact]
    public async Task A_running_sync_of_50000_records_is_followed_until_it_is_done()
    {
        var audience = await site.Site.AudienceAsync("live");
        site.Site.World.Behaviour = site.Site.World.Behaviour with { DelayMs = 400 };
        var sync = await site.Site.PushAsync(audience, Rows.Of(0, 50_000).Bad(60_000, 3));
        await using var tab = await browser.OpenAsync(site.Address);
        await tab.SignInAsync(ConsoleSite.AdminToken);
        await tab.GoAsync($"/connections/{audience.Connection}/syncs/{sync}");

        var sent = tab.Page.Locator("[data-live] li", new() { HasTextString = "Sent" });
        await Assertions.Expect(sent).ToContainTextAsync("of 50,000");
        await Assertions.Expect(sent).ToContainTextAsync(SomeSent()); // it moves, without the page being loaded again
        await tab.SeeAsync("Time left");
        await tab.AxeAsync();
        await tab.ScreenshotAsync("live-sync", whole: false);
        site.Site.World.Behaviour = site.Site.World.Behaviour with { DelayMs = 0 };
        await Assertions.Expect(tab.Page.Locator("h1")).ToContainTextAsync("Completed with failures");

        await tab.SeeAsync("What became of 50,004 records");
        Assert.Equal(50_000, site.Site.Members(audience).Count);
        await tab.AssertCleanAsync();
    }

    [Fact]
    public async Task A_held_sync_shows_whom_it_would_remove_and_is_approved()
    {
        var audience = await site.Site.AudienceAsync("held");
        await site.Site.SyncAsync(audience, Rows.Of(0, 300));
        var held = await site.Site.PushAsync(audience, new Rows().Delete(0, 250));
        await site.Site.ClosedAsync(audience, held);
        await using var tab = await browser.OpenAsync(site.Address);
        await tab.SignInAsync(ConsoleSite.AdminToken);

        await tab.Page.Locator(".attention li", new() { HasTextString = "held" }).GetByRole(AriaRole.Link, new() { Name = "Look at the plan" }).ClickAsync();
        await tab.SeeAsync("The plan that is held");
        await tab.SeeAsync("250 of 300, 83.3 %");
        await tab.SeeAsync("@example.com");
        await tab.AxeAsync();
        await tab.PressAsync("Approve", "Take 250 people off the list");
        await Assertions.Expect(tab.Page.Locator("h1")).ToContainTextAsync("Completed");
        await tab.SeeAsync("from an approved plan");

        // What was approved waits for nobody any more.
        await tab.GoAsync($"/connections/{audience.Connection}/syncs/{held}");
        await tab.SeeAsync("This plan was approved");
        await Assertions.Expect(tab.Page.Locator("main summary")).ToHaveCountAsync(0);

        Assert.Equal(50, site.Site.Members(audience).Count);
        await tab.AssertCleanAsync();
    }

    [Fact]
    public async Task A_held_sync_is_discarded()
    {
        var audience = await site.Site.AudienceAsync("discarded");
        await site.Site.SyncAsync(audience, Rows.Of(0, 200));
        var held = await site.Site.PushAsync(audience, new Rows().Delete(0, 200));
        await site.Site.ClosedAsync(audience, held);
        await using var tab = await browser.OpenAsync(site.Address);
        await tab.SignInAsync(ConsoleSite.AdminToken);
        await tab.GoAsync($"/connections/{audience.Connection}/syncs/{held}");

        await tab.PressAsync("Discard", "Discard the plan");
        await Assertions.Expect(tab.Page.Locator("h1")).ToContainTextAsync("Discarded");

        Assert.Equal(200, site.Site.Members(audience).Count);
        await tab.AssertCleanAsync();
    }

    [Fact]
    public async Task A_failed_record_is_found_by_its_email_and_leads_to_its_request()
    {
        var audience = await site.Site.AudienceAsync("failing");
        site.Site.Project.Forget(Rows.Email(700_007), Rows.UserId(700_007));
        var sync = await site.Site.PushAsync(audience, Rows.Of(700_000, 40).Bad(100, 2));
        await site.Site.ClosedAsync(audience, sync);
        await using var tab = await browser.OpenAsync(site.Address);
        await tab.SignInAsync(ConsoleSite.AdminToken);
        await tab.GoAsync($"/connections/{audience.Connection}/syncs/{sync}");

        await tab.Page.GetByPlaceholder("Find a record").FillAsync("no address 100");
        await tab.PressAsync("Search");
        var row = tab.Page.Locator("#records-part tbody tr");
        await Assertions.Expect(row).ToHaveCountAsync(1);
        await Assertions.Expect(row).ToContainTextAsync("Rejected");
        Assert.DoesNotContain("address", tab.Page.Url, StringComparison.Ordinal);

        // From a person on a list to the request that put the person there.
        await tab.GoAsync("/people");
        await tab.Page.GetByPlaceholder("E-mail address or user id").FillAsync(Rows.Email(700_009));
        await tab.PressAsync("Find");
        await Assertions.Expect(tab.Page.Locator("section[aria-labelledby=lists] tbody tr", new() { HasTextString = "failing" })).ToContainTextAsync("Member");
        await tab.AxeAsync();
        await tab.Page.Locator("section[aria-labelledby=records]").GetByRole(AriaRole.Link, new() { Name = "failing" }).ClickAsync();
        await tab.SeeAsync("Requests to Iterable");
        await tab.Page.GetByRole(AriaRole.Link, new() { Name = "Request of batch 1" }).First.ClickAsync();
        await tab.SeeAsync("Requests of batch 1");
        await tab.AxeAsync();
        await tab.AssertCleanAsync();
    }

    [Fact]
    public async Task Records_pasted_as_CSV_are_checked_before_anything_is_sent()
    {
        var audience = await site.Site.AudienceAsync("pasted");
        await using var tab = await browser.OpenAsync(site.Address);
        await tab.SignInAsync(ConsoleSite.AdminToken);
        await tab.GoAsync($"/connections/{audience.Connection}/push");
        await tab.Page.GetByLabel("Records", new() { Exact = true }).FillAsync("primaryKey,EMAIL,ID\n1,ada@example.com,u-1\n2,\"broken, address\", u-2\n");
        await tab.AxeAsync();
        await tab.PressAsync("Check the records");
        await Assertions.Expect(tab.Page.Locator("h1")).ToContainTextAsync("Dry run");
        await tab.SeeAsync("No valid identifier");
        Assert.Empty(site.Site.Members(audience));

        await tab.PressAsync("Run this plan", "Put 1 person on the list");
        await Assertions.Expect(tab.Page.Locator("h1")).ToContainTextAsync("Completed with failures");
        Assert.Equal("ada@example.com", Assert.Single(site.Site.Members(audience)).Email);
        await tab.AssertCleanAsync();
    }

    /// <summary>More than none, and not all.</summary>
    [GeneratedRegex(@"(?<!\d|,)[1-9]\d?,000 of 50,000(?<!50,000 of 50,000)")]
    private static partial Regex SomeSent();
}
