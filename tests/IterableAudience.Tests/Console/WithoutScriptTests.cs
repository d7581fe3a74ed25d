using Microsoft.Playwright;
using Xunit;

namespace IterableAudience.Tests.Console;

/// <summary>Forms are forms: whoever has no script, or lost it on the way, sets up a connection all the same.</summary>
[Collection<OneBrowser>]
public sealed class WithoutScriptTests(Browser browser, ConsoleSite site) : IClassFixture<ConsoleSite>
{
    [Fact]
    public async Task Without_script_the_steps_work_too()
    {
        await using var tab = await browser.OpenAsync(site.Address, script: false);
        var page = tab.Page;
        await tab.SignInAsync(ConsoleSite.AdminToken);
        await tab.GoAsync("/connections/new");
        await page.GetByLabel("A new source").CheckAsync();
        await tab.SeeAsync("Warehouse");
        await page.GetByLabel("Pushed records").CheckAsync();
        await tab.PressAsync("Next");
        await page.GetByLabel("A new destination").CheckAsync();
        await page.GetByLabel("Name of the destination").FillAsync("Without script");
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("Project without script");
        await page.GetByLabel("API key").FillAsync("sim-email");
        await page.GetByLabel("Project type").SelectOptionAsync("email-based");
        await tab.PressAsync("Add the account");
        await page.GetByLabel("Account", new() { Exact = true }).SelectOptionAsync("Project without script");
        await tab.PressAsync("Next");
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("List without script");
        await tab.PressAsync("Next");
        await tab.SeeAsync("This project takes the e-mail only");
        await page.GetByLabel("E-mail comes from").FillAsync("EMAIL");
        await tab.PressAsync("Next");
        await tab.SeeAsync("Removal guard");
        await tab.PressAsync("Next");
        await tab.PressAsync("Create the connection");
        await Assertions.Expect(page.Locator("h1")).ToContainTextAsync("List without script");
        await tab.AssertCleanAsync();
    }
}
