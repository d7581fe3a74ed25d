using DuckDB.NET.Data;
using Microsoft.Playwright;
using Xunit;

namespace IterableAudience.Tests.Console;

/// <summary>A browser's own buttons: no page asks to send a form again, and none does it by itself.</summary>
[Collection<OneBrowser>]
public sealed class BackAndReloadTests(Browser browser, ConsoleSite site) : IClassFixture<ConsoleSite>
{
    [Fact]
    public async Task The_set_up_is_walked_back_and_loaded_again_after_every_kind_of_button()
    {
        site.Warehouse("back.duckdb", "CREATE TABLE people (PK INTEGER, EMAIL TEXT, ID TEXT); INSERT INTO people VALUES (1, 'ada@example.com', 'ada')");
        await using var tab = await browser.OpenAsync(site.Address);
        var page = tab.Page;
        await tab.SignInAsync(ConsoleSite.AdminToken);
        await tab.GoAsync("/connections/new");
        await page.GetByLabel("A new source").CheckAsync();
        await tab.PressAsync("Add a DuckDB file");
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("Back");
        await page.GetByLabel("File").FillAsync("back.duckdb");
        await tab.PressAsync("Add the account");
        await page.GetByLabel("Table", new() { Exact = true }).SelectOptionAsync("people");
        await tab.PressAsync("Show the first rows");
        await tab.SeeAsync("ada@example.com");
        Assert.InRange(await page.EvaluateAsync<double>("() => document.getElementById('preview').getBoundingClientRect().top"), 0, 700); // the rows are on the screen
        await page.ReloadAsync();
        await tab.SeeAsync("ada@example.com");
        await tab.PressAsync("Next");
        await tab.SeeAsync("Primary key is required");
        await page.GetByLabel("Primary key").FillAsync("PK");
        await Assertions.Expect(page.GetByText("Primary key is required")).ToHaveCountAsync(0); // while it is being mended
        await page.GetByLabel("Name of the source").FillAsync("Back");
        await tab.PressAsync("Next");
        await tab.SeeAsync("Name of the destination");

        for (var step = 0; step < 4; step++)
        {
            await page.GoBackAsync();
            await tab.SeeAsync("New connection");
        }

        await page.ReloadAsync();
        await Assertions.Expect(page.Locator("h1")).ToContainTextAsync("New connection");
        await tab.AssertCleanAsync();
    }

    [Fact]
    public async Task A_token_is_not_made_again_by_loading_its_page_again()
    {
        await using var tab = await browser.OpenAsync(site.Address);
        await tab.SignInAsync(ConsoleSite.AdminToken);
        await tab.GoAsync("/tokens");
        await tab.Page.GetByLabel("Name", new() { Exact = true }).FillAsync("Loaded again");
        await tab.PressAsync("Make a token");
        await tab.SeeAsync("is made");
        await tab.Page.ReloadAsync();
        await Assertions.Expect(tab.Page.GetByText("is made")).ToHaveCountAsync(0);
        await Assertions.Expect(tab.Page.GetByRole(AriaRole.Row, new() { NameString = "Loaded again" })).ToHaveCountAsync(1);
        await tab.AssertCleanAsync();
    }

    [Fact]
    public async Task Whom_somebody_has_found_is_there_when_the_browser_goes_back()
    {
        var audience = await site.Site.AudienceAsync("back");
        await site.Site.SyncAsync(audience, Faults.Rows.Of(0, 3));
        await using var tab = await browser.OpenAsync(site.Address);
        await tab.SignInAsync(ConsoleSite.AdminToken);
        await tab.GoAsync("/people");
        await tab.Page.GetByPlaceholder("E-mail address or user id").FillAsync(Faults.Rows.Email(1));
        await tab.PressAsync("Find");
        await tab.Page.GetByRole(AriaRole.Link, new() { Name = "back" }).First.ClickAsync();
        await Assertions.Expect(tab.Page.Locator("h1")).ToContainTextAsync("back");
        await tab.Page.GoBackAsync();
        await tab.SeeAsync("Iterable accepted the person");
        await tab.AssertCleanAsync();
    }

    [Fact]
    public async Task The_values_of_a_chart_are_read_with_the_arrow_keys()
    {
        var audience = await site.Site.AudienceAsync("charted");
        foreach (var from in new[] { 0, 100, 200 })
        {
            await site.Site.SyncAsync(audience, Faults.Rows.Of(from, 10 + from));
        }

        await using var tab = await browser.OpenAsync(site.Address);
        await tab.SignInAsync(ConsoleSite.AdminToken);
        await tab.GoAsync($"/connections/{audience.Connection}");
        var chart = tab.Page.Locator("[aria-labelledby=outcome-chart] .chart");
        await Assertions.Expect(chart.Locator(".u-legend")).ToContainTextAsync("210"); // the last sync, before anybody points at another
        await chart.FocusAsync();
        await tab.Page.Keyboard.PressAsync("Home");
        await Assertions.Expect(tab.Page.Locator("[aria-labelledby=outcome-chart] [role=status]")).ToContainTextAsync("Subscribed, unsubscribed 10,");
        await tab.Page.Keyboard.PressAsync("ArrowRight");
        await Assertions.Expect(tab.Page.Locator("[aria-labelledby=outcome-chart] [role=status]")).ToContainTextAsync("Subscribed, unsubscribed 110,");
        await tab.AxeAsync();
        await tab.AssertCleanAsync();
    }
}
