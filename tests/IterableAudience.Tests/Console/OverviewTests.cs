using System.Net;
using System.Text.RegularExpressions;
using IterableAudience.Simulator.Faults;
using IterableAudience.Tests.Stores;
using IterableAudience.Tests.Syncs;
using Xunit;

namespace IterableAudience.Tests.Console;

/// <summary>The page that operators keep open: what needs them comes first, and nothing hides it.</summary>
public sealed partial class OverviewTests
{
    private const string Guard = ""","syncSettings":{"guard":{"enabled":true,"maxRemovalPercent":50,"minRemovals":2}}""";

    [Theory]
    [StoreData]
    public async Task What_needs_somebody_is_on_top_the_held_first_and_a_dry_run_does_not_hide_it(StoreKind store)
    {
        await using var sync = await SyncHost.StartAsync(store);
        var failing = await sync.AudienceAsync();
        await failing.PushAsync([.. Row.People(3), Row.Insert("bad", "no address", " u")]);
        var aborted = await sync.AudienceAsync();
        aborted.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 401, Times = 5 });
        var end = await aborted.PushAsync(Row.People(2));
        var held = await sync.AudienceAsync(more: Guard);
        await held.PushAsync(Row.People(4));
        var plan = await held.PushAsync(Row.Leavers(4));
        await held.PushAsync("dryRun=true", Row.People(1));
        var fine = await sync.AudienceAsync();
        await fine.PushAsync(Row.People(2));
        using var client = await ConsoleClient.SignInAsync(sync.Host, "viewer");

        var page = (await client.GetAsync("/")).ShouldBe(HttpStatusCode.OK);

        string[] wanted = [$"/connections/{held.Connection}/syncs/{plan.Id}", $"/connections/{aborted.Connection}/syncs/{end.Id}"];
        Assert.Equal(wanted, AttentionLinks(page.Html).Take(2));
        Assert.Equal(3, AttentionLinks(page.Html).Count);
        Assert.Contains("1 of 4 records did not get where they should", page.Text, StringComparison.Ordinal);

        var some = (await client.GetAsync("/?state=attention")).Html;
        Assert.Equal(3, Rows(some).Count);
        Assert.DoesNotContain(Rows(some), r => r == fine.Connection);
    }

    [Fact]
    public async Task A_project_that_Iterable_slows_down_is_told_with_its_rate()
    {
        await using var sync = await SyncHost.StartAsync();
        var audience = await sync.AudienceAsync();
        audience.Fault(new FaultRule { Fault = FaultKind.RateLimit, Times = 1, RetryAfterSeconds = 1 });
        await audience.PushAsync(Row.People(2));
        using var client = await ConsoleClient.SignInAsync(sync.Host, "viewer");

        Assert.Contains("Iterable answers 429", (await client.GetAsync("/")).Text, StringComparison.Ordinal);
        var accounts = await client.GetAsync("/accounts");
        Assert.Contains("of 10000 a second", accounts.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("None since the start", accounts.Text, StringComparison.Ordinal);
    }

    [Theory]
    [StoreData]
    public async Task Connections_are_paged_by_key_and_found_by_names_and_list_ids(StoreKind store)
    {
        await using var sync = await SyncHost.StartAsync(store);
        var first = await sync.AudienceAsync();
        for (var i = 0; i < 52; i++)
        {
            await first.SiblingAsync();
        }

        using var client = await ConsoleClient.SignInAsync(sync.Host, "viewer");
        var page = await client.GetAsync("/");
        var older = await client.GetAsync(WebUtility.HtmlDecode(Next().Match(page.Html).Groups["to"].Value));

        Assert.Equal(50, Rows(page.Html).Count);
        Assert.Equal(3, Rows(older.Html).Count);
        Assert.Equal(53, Rows(page.Html).Concat(Rows(older.Html)).Distinct().Count());
        Assert.Contains(first.Connection, Rows(older.Html));
        Assert.Equal(50, Rows((await client.GetAsync($"/?q={first.List}")).Html).Count);
        var nothing = await client.GetAsync("/?q=nothing-is-called-so&state=running");
        Assert.Contains("No connection matches", nothing.Text, StringComparison.Ordinal);
        Assert.Empty(Rows(nothing.Html));
    }

    private static List<string> AttentionLinks(string html)
        => [.. Links().Matches(html[html.IndexOf("class=\"attention\"", StringComparison.Ordinal)..html.IndexOf("</ul>", StringComparison.Ordinal)]).Select(m => m.Groups["to"].Value)];

    private static List<string> Rows(string html) => [.. RowLinks().Matches(html).Select(m => m.Groups["id"].Value)];

    [GeneratedRegex("class=\"button\" href=\"(?<to>[^\"]+)\"")]
    private static partial Regex Links();

    [GeneratedRegex("class=\"row-link\" href=\"/connections/(?<id>[^\"]+)\"")]
    private static partial Regex RowLinks();

    [GeneratedRegex("href=\"(?<to>[^\"]*after=[^\"]+)\"")]
    private static partial Regex Next();
}
