using System.Net;
using IterableAudience.Console;
using IterableAudience.Store;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace IterableAudience.Tests.Console;

/// <summary>The steps of setting up a connection, button by button.</summary>
public sealed class SetUpTests(ConsoleStory story) : IClassFixture<ConsoleStory>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Whatever is pressed leads to a page that can be loaded again and come back to.</summary>
    [Theory]
    [InlineData("source", "preview", "", "radia.perlman@example.com")]
    [InlineData("source", "browse", "", "people (")]
    [InlineData("source", "test", "", "The warehouse answered")]
    [InlineData("source", "add-postgres", "", "New account: PostgreSQL")]
    [InlineData("source", "add-account", "accountDefinitionName=SOURCE_DUCKDB&name=Elsewhere&options.path=../elsewhere.duckdb", "must be a path below")]
    [InlineData("source", "next", "source.name=", "Name of the source is required")]
    [InlineData("source", "next", "source.name=Source", "another source has it")]
    [InlineData("source", "next", "source.config.primaryKey=NONE", "NONE")]
    [InlineData("destination", "test", "", "Iterable answered with this key")]
    [InlineData("destination", "next", "destination.name=Destination", "another destination has it")]
    [InlineData("destination", "add-account", "accountDefinitionName=DESTINATION_ITERABLE_AUDIENCE_API_KEY&name=Fresh&secret.apiKey=a key with blanks", "must be printable ASCII")]
    [InlineData("list", "search", "list.search=Paus", "Paused")]
    [InlineData("list", "refresh", "", "List")]
    [InlineData("list", "next", "list.name=List", "the project has a list of this name")]
    [InlineData("map", "preview", "", "1 of the first 2 rows would be sent")]
    [InlineData("map", "next", "map.userId=", "User id comes from is required")]
    [InlineData("schedule", "next", "schedule.cronExpression=* * *", "Cron expression")]
    [InlineData("settings", "next", "syncSettings.guard.maxRemovalPercent=101", "More than, in percent")]
    public async Task Every_button_leads_on_and_its_answer_stays_until_the_next(string step, string button, string fields, string says)
    {
        using var admin = await ConsoleClient.SignInAsync(story.Host);
        var path = $"/connections/new/{await story.DraftAsync(admin)}/{step}";
        var answer = await PressAsync(admin, path, button, fields);
        Assert.Equal(path, answer.LeadsTo.Split('#')[0]);
        for (var load = 0; load < 2; load++)
        {
            Assert.Contains(says, (await admin.GetAsync(path)).ShouldBe(HttpStatusCode.OK).Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_secret_that_was_not_taken_is_kept_nowhere()
    {
        using var admin = await ConsoleClient.SignInAsync(story.Host);
        var draft = await story.DraftAsync(admin);
        var path = $"/connections/new/{draft}/destination";
        await PressAsync(admin, path, "add-account", "accountDefinitionName=DESTINATION_ITERABLE_AUDIENCE_API_KEY&name=Typed name&secret.apiKey=whose key is this");
        var page = await admin.GetAsync(path);
        Assert.Contains(Markup.Tags(page.Html), t => t["name"] == "name" && t["value"] == "Typed name");
        Assert.DoesNotContain("whose key is this", page.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("whose key is this", (await FieldsAsync(draft)).ToJson(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_list_that_is_kept_already_says_by_whom()
    {
        using var admin = await ConsoleClient.SignInAsync(story.Host);
        var page = await admin.GetAsync($"/connections/new/{await story.DraftAsync(admin)}/list");
        Assert.Contains($"by connection {story.Audience.Connection}", page.Line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_review_names_every_setting()
    {
        using var admin = await ConsoleClient.SignInAsync(story.Host);
        var text = (await admin.GetAsync($"/connections/new/{await story.DraftAsync(admin)}/review")).Line;
        foreach (var part in new[]
        {
            "Another source: main.people, rows named by PK", "A new destination: Another destination, with the account Project (US, hybrid)", "A new list: Another list", "Cron 0 6 * * * (UTC)",
            "Sync log in the warehouse Kept for 30 days, with 5 snapshots", "Later syncs try them again", "Holds a plan that removes more than 20 % of the members, from 100 removals on",
        })
        {
            Assert.Contains(part, text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_draft_that_nobody_wants_is_discarded()
    {
        using var admin = await ConsoleClient.SignInAsync(story.Host);
        var draft = await story.DraftAsync(admin);
        (await PressAsync(admin, $"/connections/new/{draft}/map", "discard", "")).ShouldLeadTo("/");
        Assert.Contains("Nothing was made", (await admin.GetAsync("/")).Text, StringComparison.Ordinal);
        (await admin.GetAsync($"/connections/new/{draft}/map")).ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task One_that_had_its_dry_run_takes_its_connection_with_it_and_leaves_the_list()
    {
        using var admin = await ConsoleClient.SignInAsync(story.Host);
        var draft = await story.DraftAsync(admin, ("source.name", "Source of a dry run"), ("destination.name", "Destination of a dry run"), ("list.name", "List of a dry run"));
        var review = await DryRunAsync(admin, draft);
        var connection = (await FieldsAsync(draft))["made.connectionId"];
        (await story.Host.GetAsync($"/v2/retl-connections/{connection}")).ShouldBe(HttpStatusCode.OK);

        (await PressAsync(admin, review, "discard", "")).ShouldLeadTo("/");

        Assert.Contains("so is the connection that was made for the dry run", (await admin.GetAsync("/")).Text, StringComparison.Ordinal);
        (await story.Host.GetAsync($"/v2/retl-connections/{connection}")).ShouldBe(HttpStatusCode.NotFound);
        Assert.Contains("List of a dry run", (await story.Host.GetAsync($"/v2/accounts/{story.Account}/lists?refresh=true")).Body, StringComparison.Ordinal);
    }

    /// <summary>The plan was approved, and then the schedule refused: whoever mends it and goes on must not be told that the plan is used up.</summary>
    [Fact]
    public async Task A_schedule_that_is_refused_after_the_plan_runs_is_mended_without_a_second_run()
    {
        using var admin = await ConsoleClient.SignInAsync(story.Host);
        var draft = await story.DraftAsync(
            admin, ("source.name", "Source of two tries"), ("destination.name", "Destination of two tries"), ("list.name", "List of two tries"), ("schedule.cronExpression", "every morning"));
        var review = await DryRunAsync(admin, draft);
        (await PressAsync(admin, review, "create", "")).ShouldLeadTo(review);
        Assert.Contains("The plan runs, but its schedule could not be set", (await admin.GetAsync(review)).Text, StringComparison.Ordinal);
        var connection = (await FieldsAsync(draft))["made.connectionId"];

        await PressAsync(admin, $"/connections/new/{draft}/schedule", "next", "schedule.cronExpression=0 7 * * *");
        var end = await PressAsync(admin, review, "create", "");

        Assert.StartsWith($"/connections/{connection}/syncs/", end.LeadsTo, StringComparison.Ordinal);
        Assert.Contains("The connection is set up, and its first sync runs", (await admin.GetAsync(end.LeadsTo)).Text, StringComparison.Ordinal);
        Assert.Equal("0 7 * * *", (await story.Host.GetAsync($"/v2/retl-connections/{connection}")).Text("schedule.cronExpression"));
        var syncs = (await story.Host.GetAsync($"/v2/retl-connections/{connection}/syncs")).Json["syncs"]!.AsArray();
        Assert.Equal(["approval", "manual"], syncs.Select(s => (string)s!["trigger"]!));
    }

    /// <summary>Presses <i>Dry run</i>, and waits for its plan.</summary>
    private async Task<string> DryRunAsync(ConsoleClient admin, string draft)
    {
        var review = $"/connections/new/{draft}/review";
        (await PressAsync(admin, review, "plan", "")).ShouldLeadTo(review);
        var fields = await FieldsAsync(draft);
        Assert.True(fields["plan.syncId"].Length > 0, (await admin.GetAsync(review)).Line);
        await story.Host.GetAsync($"/v2/retl-connections/{fields["made.connectionId"]}/syncs/{fields["plan.syncId"]}/events");
        Assert.Contains("Would be put on the list", (await admin.GetAsync(review)).Text, StringComparison.Ordinal);
        return review;
    }

    private static Task<ConsolePage> PressAsync(ConsoleClient admin, string path, string button, string fields)
        => admin.PostAsync(path, "step", [("do", button), .. fields.Split('&', StringSplitOptions.RemoveEmptyEntries).Select(f => f.Split('=', 2)).Select(f => (f[0], (string?)f[1]))]);

    private async Task<FormFields> FieldsAsync(string draft)
    {
        await using var scope = story.Host.Provider.CreateAsyncScope();
        return FormFields.Parse((await scope.ServiceProvider.GetRequiredService<StoreContext>().Drafts.AsNoTracking().SingleAsync(d => d.Id == draft, Cancel)).FieldsJson);
    }
}
