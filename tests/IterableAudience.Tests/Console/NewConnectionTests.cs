using DuckDB.NET.Data;
using Microsoft.Playwright;
using Xunit;

namespace IterableAudience.Tests.Console;

/// <summary>Setting up a connection, from an empty store to its first sync.</summary>
[Collection<OneBrowser>]
public sealed class NewConnectionTests(Browser browser, ConsoleSite site) : IClassFixture<ConsoleSite>
{
    [Fact]
    public async Task An_operator_sets_up_everything_from_an_empty_store_to_the_first_sync()
    {
        site.Warehouse("customers.duckdb", """
            CREATE TABLE customers (CUSTOMER INTEGER, EMAIL TEXT, ID TEXT, PLAN TEXT);
            INSERT INTO customers VALUES (500, 'not an address', ' u 500', 'pro'), (501, 'free@example.com', 'u-501', 'free');
            INSERT INTO customers SELECT i, 'person' || i || '@example.com', 'u-' || i, 'pro' FROM range(1, 121) t(i);
            """);
        await using var tab = await browser.OpenAsync(site.Address);
        var page = tab.Page;
        await tab.SignInAsync(ConsoleSite.AdminToken);
        await tab.SeeAsync("No connection yet");
        await tab.AxeAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Set up the first one" }).ClickAsync();

        // Source: a model of a DuckDB file that is added on the way.
        await page.GetByLabel("A new source").CheckAsync();
        await tab.PressAsync("Add a DuckDB file");
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("Customer file");
        await page.GetByLabel("File").FillAsync("../elsewhere.duckdb");
        await tab.PressAsync("Add the account");
        await tab.SeeAsync("must be a path below the folder");
        Assert.Equal("../elsewhere.duckdb", await page.GetByLabel("File").InputValueAsync());
        await page.GetByLabel("File").FillAsync("customers.duckdb");
        await tab.PressAsync("Add the account");
        await Assertions.Expect(page.GetByLabel("Warehouse", new() { Exact = true })).ToContainTextAsync("Customer file");
        await page.GetByLabel("SQL", new() { Exact = true }).FillAsync("SELECT CUSTOMER, EMAIL, ID FROM customers WHERE PLAN = 'pro'");
        await tab.PressAsync("Show the first rows");
        await tab.SeeAsync("person1@example.com");
        await tab.PressAsync("Next");
        await tab.SeeAsync("Primary key is required");
        await page.GetByLabel("Primary key").FillAsync("CUSTOMER");
        await page.GetByLabel("Name of the source").FillAsync("Pro customers");
        await tab.AxeAsync();
        await tab.PressAsync("Next");

        // Destination: an account that is added on the way, too, and a first key that is wrong.
        await page.GetByLabel("Name of the destination").FillAsync("Acme production");
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("Acme Iterable");
        await page.GetByLabel("API key").FillAsync("a key with blanks");
        await tab.PressAsync("Add the account");
        await tab.SeeAsync("must be printable ASCII without blanks");
        await page.GetByLabel("API key").FillAsync("sim-hybrid");
        await tab.PressAsync("Add the account");
        await Assertions.Expect(page.GetByLabel("Account", new() { Exact = true })).ToContainTextAsync("Acme Iterable");
        Assert.DoesNotContain("sim-hybrid", await page.ContentAsync(), StringComparison.Ordinal);
        await tab.PressAsync("Test the account");
        await tab.SeeAsync("Iterable answered with this key");
        Assert.Equal("Acme production", await page.GetByLabel("Name of the destination").InputValueAsync());
        await tab.AxeAsync();
        await tab.PressAsync("Next");

        // List: dynamic ones are shown, and can't be chosen. Then a new one.
        await tab.SeeAsync("only static lists can be kept");
        await Assertions.Expect(page.GetByLabel("Active last month")).ToBeDisabledAsync();
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("Pro customers");
        Assert.True(await page.GetByLabel("Create a new list").IsCheckedAsync());
        await tab.AxeAsync();
        await tab.PressAsync("Next");
        await tab.SeeAsync("Update existing users only");
        await tab.PressAsync("Next");

        // Going back loses nothing.
        await tab.PressAsync("Back");
        await tab.PressAsync("Back");
        Assert.Equal("Pro customers", await page.GetByLabel("Name", new() { Exact = true }).InputValueAsync());
        await tab.PressAsync("Next");
        await tab.PressAsync("Next");

        // The mapping is guessed by the names; the preview follows it.
        Assert.Equal("EMAIL", await page.GetByLabel("E-mail comes from").InputValueAsync());
        await tab.SeeAsync("7 of the first 8 rows would be sent");
        await page.GetByLabel("E-mail comes from").SelectOptionAsync("CUSTOMER");
        await tab.SeeAsync("email: invalid email");
        await page.GetByLabel("E-mail comes from").SelectOptionAsync("EMAIL");
        await tab.SeeAsync("7 of the first 8 rows would be sent");
        await tab.AxeAsync();
        await tab.ScreenshotAsync("wizard");
        await tab.PressAsync("Next");

        // The schedule's next runs follow what is typed.
        await page.GetByLabel("Cron", new() { Exact = false }).First.CheckAsync();
        await page.GetByLabel("Cron expression").FillAsync("*/2 * * * *");
        await Assertions.Expect(page.Locator("#next-runs")).ToContainTextAsync("5 minutes");
        await page.GetByLabel("Cron expression").FillAsync("30 2 * * *");
        await Assertions.Expect(page.Locator("#next-runs li")).ToHaveCountAsync(5);
        await Assertions.Expect(page.Locator("#next-runs li").First).ToContainTextAsync("02:30 UTC");
        await tab.AxeAsync();
        await tab.PressAsync("Next");
        await tab.SeeAsync("Removal guard");
        await page.GetByLabel("More than, in percent").FillAsync("25");
        await tab.AxeAsync();
        await tab.PressAsync("Next");

        // Review: nothing is sent before the plan was seen.
        await tab.SeeAsync("Cron 30 2 * * * (UTC)");
        await tab.PressAsync("Dry run");
        await tab.SeeAsync("Would be put on the list");
        await tab.SeeAsync("no valid identifier");
        Assert.Equal(0, site.SubscribersSent);
        await tab.AxeAsync();
        await tab.PressAsync("Create and run the plan");
        await Assertions.Expect(page.Locator("h1")).ToContainTextAsync("Completed with failures");

        Assert.Equal(120, site.Simulator.World.Project("sim-hybrid").Members(await site.OnlyListAsync()).Count);
        var connection = (await site.Site.GetAsync("/v2/retl-connections"))["data"]![0]!;
        Assert.Equal("30 2 * * *", (string)connection["schedule"]!["cronExpression"]!);
        Assert.Equal(25, (int)connection["syncSettings"]!["guard"]!["maxRemovalPercent"]!);
        await tab.GoAsync("/");
        await tab.SeeAsync("Pro customers");
        await tab.AssertCleanAsync();
    }
}
