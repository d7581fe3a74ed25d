using IterableAudience.Simulator.Faults;
using IterableAudience.Tests.Faults;
using Microsoft.Playwright;
using Xunit;

namespace IterableAudience.Tests.Console;

/// <summary>
/// Pictures of the console for the README, of a service that has been at work. With SCREENSHOTS=1 they are written to docs/images; see there what a change does to them.
/// The wizard's and the running sync's are drawn by the tests of these.
/// </summary>
[Collection<OneBrowser>]
public sealed class PictureTests(Browser browser, ConsoleSite site) : IClassFixture<ConsoleSite>
{
    [Fact]
    public async Task The_overview_a_connection_and_a_sync_with_failures_look_as_in_the_README()
    {
        var loyal = await site.Site.AudienceAsync("Loyal customers");
        var people = 3_000;
        await site.Site.SyncAsync(loyal, Rows.Of(0, people));
        for (var day = 1; day < 14; day++)
        {
            await site.Site.SyncAsync(loyal, new Rows().Insert(people, 90 + (day * 37 % 120)).Delete(day * 40, 12 + (day * 29 % 40)));
            people += 200;
        }

        site.Site.Project.Forget(Rows.Email(20_003), Rows.UserId(20_003));
        site.Site.World.Faults.Add(new FaultRule { Fault = FaultKind.Respond, Times = 1 });
        var failing = await site.Site.SyncAsync(loyal, new Rows().Insert(20_000, 400).Bad(30_000, 23).Delete(700, 60));
        var trial = await site.Site.AudienceAsync("Trial, third day");
        await site.Site.SyncAsync(trial, Rows.Of(0, 950));
        await site.Site.SyncAsync(trial, new Rows().Delete(0, 700));
        foreach (var (name, count) in new[] { ("Newsletter DE", 1_800), ("Churn risk", 420), ("VIP & partners", 77) })
        {
            var audience = await site.Site.AudienceAsync(name);
            await site.Site.SyncAsync(audience, Rows.Of(0, count));
            await site.Site.SyncAsync(audience, new Rows().Insert(count, count / 10).Delete(0, count / 20));
        }

        // As if there had been a sync a day.
        site.Site.Execute("""
            UPDATE sync SET "StartedAt" = "StartedAt" - 86400000 * (SELECT count(*) FROM sync o WHERE o."ConnectionNo" = sync."ConnectionNo" AND o."No" > sync."No"),
              "FinishedAt" = "FinishedAt" - 86400000 * (SELECT count(*) FROM sync o WHERE o."ConnectionNo" = sync."ConnectionNo" AND o."No" > sync."No")
            """);

        foreach (var scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
        {
            var suffix = scheme == ColorScheme.Dark ? "-dark" : "";
            await using var tab = await browser.OpenAsync(site.Address, scheme: scheme);
            await tab.SignInAsync(ConsoleSite.AdminToken);
            await tab.SeeAsync("Needs attention");
            await tab.ScreenshotAsync($"overview{suffix}", whole: false);
            await tab.GoAsync($"/connections/{loyal.Connection}");
            await Assertions.Expect(tab.Page.Locator(".u-over")).ToHaveCountAsync(2); // the charts are drawn
            await tab.ScreenshotAsync($"connection{suffix}", whole: false);
            await tab.GoAsync($"/connections/{loyal.Connection}/syncs/{failing["id"]}?outcome=rejected");
            await tab.SeeAsync("No valid identifier");
            await tab.ScreenshotAsync($"sync{suffix}", whole: false);
            await tab.AssertCleanAsync();
        }
    }
}
