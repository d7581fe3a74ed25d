using System.Net;
using IterableAudience.Tests.Stores;
using Xunit;

namespace IterableAudience.Tests.Console;

/// <summary>The console's own queries are SQL, too: each page is drawn on PostgreSQL as on the embedded store.</summary>
public sealed class PostgresPagesTests
{
    [PostgresFact]
    public async Task Every_page_is_drawn_on_PostgreSQL()
    {
        await using var story = new ConsoleStory("", StoreKind.PostgreSql);
        await story.InitializeAsync();
        using var admin = await ConsoleClient.SignInAsync(story.Host);

        var pages = await story.LookAroundAsync(admin);
        var person = await admin.AnswerAsync("/people", "find", ("who", "Ada.Lovelace@example.com"));

        var errors = story.Host.Logs.All.Where(l => l.StartsWith("Error", StringComparison.Ordinal)).ToList();
        Assert.True(errors.Count == 0, errors.FirstOrDefault());
        Assert.All(pages, p => Assert.NotEqual(HttpStatusCode.InternalServerError, p.Status));
        Assert.InRange(pages.Count, 25, int.MaxValue);
        Assert.Contains("Iterable accepted the person", person.Text, StringComparison.Ordinal);
        Assert.Contains("this one", (await admin.GetAsync("/about")).Text, StringComparison.Ordinal);
    }
}
