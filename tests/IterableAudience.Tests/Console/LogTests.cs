using System.Net;
using IterableAudience.Hosting;
using Xunit;

namespace IterableAudience.Tests.Console;

/// <summary>What people look at and look for stays between them and the page.</summary>
public sealed class LogTests(ConsoleStory story) : IClassFixture<ConsoleStory>
{
    [Fact]
    public async Task No_person_no_token_and_no_session_is_in_the_log_and_nothing_failed()
    {
        using var admin = await ConsoleClient.SignInAsync(story.Host);
        await story.LookAroundAsync(admin);
        foreach (var person in ConsoleStory.People)
        {
            (await admin.AnswerAsync("/people", "find", ("who", person))).ShouldBe(HttpStatusCode.OK);
            (await admin.AnswerAsync($"{story.Connection}/syncs/{story.Completed}", "search", ("what", person), ("by", "primaryKey"))).ShouldBe(HttpStatusCode.OK);
        }

        await admin.PostAsync($"{story.Connection}/push", "push", ("text", "action,primaryKey,EMAIL\ninsert,key-of-ada,ada.lovelace@example.com"));
        using var wrong = new ConsoleClient(story.Host);
        await wrong.SignInAsync("a-mistyped-token");
        string[] secrets =
        [
            .. ConsoleStory.People, TestHost.AdminToken, "a-mistyped-token", TokenHash.Of(TestHost.AdminToken), "api-key-77",
            .. admin.Cookies.GetAllCookies().Select(c => c.Value), await admin.TokenOfFormsAsync(),
        ];

        Assert.All(story.Host.Logs.All, line => Assert.All(secrets, s => Assert.DoesNotContain(s, line, StringComparison.Ordinal)));
        Assert.DoesNotContain(story.Host.Logs.All, l => l.StartsWith("Error", StringComparison.Ordinal));
        Assert.Contains(story.Host.Logs.All, l => l.Contains("HTTP \"POST\" \"/people\"", StringComparison.Ordinal));
    }
}
