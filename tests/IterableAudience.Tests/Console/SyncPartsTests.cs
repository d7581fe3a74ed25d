using System.Net;
using System.Text.RegularExpressions;
using IterableAudience.Console;
using IterableAudience.Tests.Stores;
using IterableAudience.Tests.Syncs;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace IterableAudience.Tests.Console;

/// <summary>Parts of a sync's page that tell of its requests.</summary>
public sealed partial class SyncPartsTests
{
    [Theory]
    [StoreData]
    public async Task How_far_the_plan_came_is_told_by_people_put_on_and_taken_off(StoreKind store)
    {
        await using var sync = await SyncHost.StartAsync(store);
        var audience = await sync.AudienceAsync(existingOnly: true);
        audience.Project.AddUser("a@example.com", "a");
        audience.Project.AddUser("b@example.com", "b");
        await audience.PushAsync(Row.Insert(1, "a@example.com", "a"), Row.Insert(2, "b@example.com", "b"));
        audience.Project.AddUser("c@example.com", "c");
        var end = await audience.PushAsync(Row.Delete(1), Row.Insert(3, "c@example.com", "c"), Row.Insert(4, "unknown@example.com", "unknown"), Row.Insert(5, "no address", " x"));
        Assert.Equal("subscribed 1, unsubscribed 1, rejected 1, failed 1", end.Outcomes);

        using var viewer = await ConsoleClient.SignInAsync(sync.Host, "viewer");
        var page = (await viewer.GetAsync($"/connections/{audience.Connection}/syncs/{end.Id}")).ShouldBe(HttpStatusCode.OK);
        Assert.Contains("Put on the list 2 2 1 1 refused or lost Taken off the list 1 1 1", page.Line, StringComparison.Ordinal);
    }

    [Theory]
    [StoreData]
    public async Task Requests_are_paged_by_key_and_none_is_left_out_or_twice(StoreKind store)
    {
        await using var sync = await SyncHost.StartAsync(store);
        var audience = await sync.AudienceAsync();
        var end = await audience.PushAsync(Row.People(25_500));
        const int made = 26; // one more than a page has
        Assert.Equal(made, audience.Requests.Count);
        using var viewer = await ConsoleClient.SignInAsync(sync.Host, "viewer");

        List<int> batches = [];
        for (var path = $"/connections/{audience.Connection}/syncs/{end.Id}"; path.Length > 0;)
        {
            var page = (await viewer.GetAsync(path)).ShouldBe(HttpStatusCode.OK);
            var log = page.Html[page.Html.IndexOf("id=\"requests\"", StringComparison.Ordinal)..];
            Assert.Contains($">{made}<", log, StringComparison.Ordinal);
            batches.AddRange(Markup.Matches(log, "tr").Skip(1).Select(r => int.Parse(Markup.Text(Cells().Matches(r.Content)[2].Value).Trim(), System.Globalization.CultureInfo.InvariantCulture)));
            path = WebUtility.HtmlDecode(Later().Match(log).Groups["to"].Value).Split('#')[0];
            Assert.DoesNotContain("page=", path, StringComparison.Ordinal);
        }

        Assert.Equal(Enumerable.Range(1, made), batches.Order());
    }

    [Fact]
    public void The_rate_is_that_of_the_last_seconds()
    {
        var time = new FakeTimeProvider();
        RecentRate rate = new(time);
        Assert.Null(rate.After(new(100, 0, 0, 0)));
        List<double?> rates = [];
        for (var second = 1; second <= 40; second++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            rates.Add(rate.After(new(100 + (second <= 20 ? second * 4 : 80), 0, 0, 0))); // four a second, and then none
        }

        Assert.Null(rates[0]);
        Assert.All(rates[2..20], r => Assert.Equal(4, r!.Value, 6));
        Assert.InRange(rates[24]!.Value, 1, 3);
        Assert.Equal(0, rates[39]!.Value, 6);
    }

    [GeneratedRegex("<td[^>]*>.*?</td>", RegexOptions.Singleline)]
    private static partial Regex Cells();

    [GeneratedRegex("href=\"(?<to>[^\"]+)\">Later requests")]
    private static partial Regex Later();
}
