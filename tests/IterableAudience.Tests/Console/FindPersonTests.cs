using System.Net;
using IterableAudience.Simulator.Faults;
using IterableAudience.Tests.Stores;
using IterableAudience.Tests.Syncs;
using Xunit;

namespace IterableAudience.Tests.Console;

/// <summary>Why is this person not on the list?</summary>
public sealed class FindPersonTests
{
    [Theory]
    [StoreData]
    public async Task Each_connection_says_what_it_knows_of_the_person(StoreKind store)
    {
        await using var sync = await SyncHost.StartAsync(store);
        var on = await sync.AudienceAsync();
        await on.PushAsync(Row.Insert("1", "ada@example.com", "ada"));
        var left = await sync.AudienceAsync();
        await left.PushAsync(Row.Insert("1", "ada@example.com", "ada"), Row.Insert("2", "grace@example.com", "grace"));
        await left.FullAsync(Row.Insert("2", "grace@example.com", "grace"));
        var refused = await sync.AudienceAsync();
        refused.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 400, Times = 0 });
        await refused.PushAsync(Row.Insert("1", "ada@example.com", "ada"));
        var silent = await sync.AudienceAsync();
        using var user = await ConsoleClient.SignInAsync(sync.Host, "operator");

        var page = (await user.AnswerAsync("/people", "find", ("who", "ADA@example.com"))).ShouldBe(HttpStatusCode.OK);

        Assert.Equal([on.Connection], Connections(page, "lists"));
        Assert.Equal(new[] { left.Connection, refused.Connection, silent.Connection }.Order(StringComparer.Ordinal), Connections(page, "absences").Order(StringComparer.Ordinal));
        var rows = Markup.Matches(Section(page, "absences"), "tr").Select(r => (r.Content, Text: Markup.Text(r.Content))).ToList();
        Assert.Contains("The row is not in the audience any more", rows.Single(r => r.Content.Contains(left.Connection, StringComparison.Ordinal)).Text, StringComparison.Ordinal);
        Assert.Contains("Iterable refused", rows.Single(r => r.Content.Contains(refused.Connection, StringComparison.Ordinal)).Text, StringComparison.Ordinal);
        Assert.DoesNotContain(rows, r => r.Content.Contains(silent.Connection, StringComparison.Ordinal));
        Assert.Contains("whose last syncs have no row of the person", Markup.Text(Section(page, "absences")), StringComparison.Ordinal);
    }

    private static string Section(ConsolePage page, string name)
    {
        var start = page.Html.IndexOf($"aria-labelledby=\"{name}\"", StringComparison.Ordinal);
        return page.Html[start..page.Html.IndexOf("</section>", start, StringComparison.Ordinal)];
    }

    /// <summary>Connections that a part of the page links to.</summary>
    private static IEnumerable<string> Connections(ConsolePage page, string section)
        => Markup.Tags(Section(page, section)).Where(t => t.Name == "a").Select(t => t["href"]!.Split('/')[2]).Distinct();
}
