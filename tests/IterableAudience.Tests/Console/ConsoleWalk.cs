using System.Net;
using System.Text;
using IterableAudience.Store;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace IterableAudience.Tests.Console;

/// <summary>Goes through the whole console, and sees whether anything has changed.</summary>
internal static class ConsoleWalk
{
    /// <summary>Every page that links lead to, and those that none leads to, as somebody sees them. What is in a query is followed where it is a page of its own.</summary>
    public static async Task<IReadOnlyList<ConsolePage>> LookAroundAsync(this ConsoleStory story, ConsoleClient client)
    {
        List<ConsolePage> pages = [];
        HashSet<string> seen = [];
        Queue<string> open = new(story.Seeds);
        while (open.TryDequeue(out var path))
        {
            if (!seen.Add(path))
            {
                continue;
            }

            var page = await client.GetAsync(path);
            pages.Add(page);
            foreach (var link in LinksOf(page).Append(page.LeadsTo.StartsWith("/connections/new/", StringComparison.Ordinal) ? "" : page.LeadsTo).Where(l => l.Length > 0))
            {
                open.Enqueue(link);
            }
        }

        return pages;
    }

    public static IEnumerable<string> LinksOf(ConsolePage page)
        => page.ContentType.StartsWith("text/html", StringComparison.Ordinal)
            ? Markup.Tags(page.Html).Where(t => t.Name == "a").Select(t => (t["href"] ?? "").Split('#')[0]).Where(l => l.StartsWith('/') && l != "/swagger").Distinct()
            : [];

    /// <summary>Everything that the service holds and has sent, as one text: the same before and after when nothing was changed.</summary>
    public static async Task<string> StateAsync(this ConsoleStory story)
    {
        var state = new StringBuilder();
        foreach (var path in new[] { "/v2/tokens", "/v2/accounts", "/v2/destinations", "/v2/retl-sources", "/v2/retl-connections", $"{story.Audience.Url}/syncs", $"{story.Reader.Url}/syncs" })
        {
            state.AppendLine((await story.Host.GetAsync(path)).ShouldBe(HttpStatusCode.OK).Body);
        }

        await using var scope = story.Host.Provider.CreateAsyncScope();
        var drafts = await scope.ServiceProvider.GetRequiredService<StoreContext>().Drafts.AsNoTracking().OrderBy(d => d.Id).ToListAsync(TestContext.Current.CancellationToken);
        return state.AppendJoin('\n', drafts.Select(d => $"{d.Id} {d.FieldsJson} {d.UpdatedAt:O}")).AppendLine().Append(story.Sync.World.Log.Entries.Count).ToString();
    }
}
