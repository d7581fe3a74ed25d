using System.Net;
using System.Text.Json.Nodes;
using IterableAudience.Simulator.Api;
using IterableAudience.Simulator.Faults;
using IterableAudience.Simulator.Projects;
using IterableAudience.Tests.Stores;
using IterableAudience.Tests.Syncs;
using Xunit;
using Until = IterableAudience.Tests.Faults.Until;

namespace IterableAudience.Tests.Drift;

/// <summary>The ledger against what Iterable has on the list.</summary>
public sealed class ReconcileTests(SyncHosts syncs) : IClassFixture<SyncHosts>
{
    [Theory]
    [StoreData(SimulatedProjectType.EmailBased)]
    [StoreData(SimulatedProjectType.UserIdBased)]
    [StoreData(SimulatedProjectType.Hybrid)]
    internal async Task Ours_missing_and_strangers_are_told_apart(StoreKind store, SimulatedProjectType type)
    {
        var audience = await syncs.On(store).AudienceAsync(type);
        await audience.PushAsync(Row.People(30));
        var sibling = await audience.SiblingAsync();
        await sibling.PushAsync([.. Row.People(5, from: 26), .. Row.People(4, from: 40)]);

        // Three of ours are taken off by somebody else, and two strangers come.
        await TakeOffAsync(audience, type, "p1", "p2", "p3");
        audience.Project.AddUser("one@strangers.example", type == SimulatedProjectType.EmailBased ? null : "s1", listIds: audience.List);
        audience.Project.AddUser(type == SimulatedProjectType.UserIdBased ? null : "two@strangers.example", type == SimulatedProjectType.EmailBased ? null : "s2", listIds: audience.List);
        var requests = audience.Requests.Count;

        var found = await RunAsync(audience);
        Assert.Equal("completed", (string)found["status"]!);
        var report = found["report"]!;
        Assert.Equal((30, 33, 27, 3, 2, 4), (Of(report, "ours"), Of(report, "there"), Of(report, "oursAndThere"), Of(report, "oursAndMissing"), Of(report, "thereAndNotOurs"), Of(report, "thereByOthers")));
        Assert.False((bool)report["ledgerMoved"]!);
        Assert.Equal(3, report["samples"]!["oursAndMissing"]!.AsArray().Count);
        Assert.Equal(2, report["samples"]!["thereAndNotOurs"]!.AsArray().Count);
        Assert.DoesNotContain("p1@example.com", found.ToJsonString(), StringComparison.Ordinal);
        Assert.DoesNotContain("one@strangers", found.ToJsonString(), StringComparison.Ordinal);

        // It changes nothing.
        Assert.Equal(requests, audience.Requests.Count);
        Assert.Equal(30, await audience.LedgerAsync());
    }

    [Fact]
    public async Task A_hybrid_list_with_people_known_by_one_identifier_only_is_read_both_ways()
    {
        var audience = await syncs.On(StoreKind.Sqlite).AudienceAsync();
        await audience.PushAsync(Row.Insert(1, "ada@example.com", "u1"), Row.Insert(2, "grace@example.com"), Row.Insert(3, null, "u3"));
        // Iterable learns a userId that the row doesn't have.
        audience.Project.AddUser("late@example.com", "u9", listIds: audience.List);
        await audience.PushAsync(Row.Insert(4, "late@example.com"));
        var report = (await RunAsync(audience))["report"]!;
        Assert.Equal((4, 4, 4, 0, 0), (Of(report, "ours"), Of(report, "there"), Of(report, "oursAndThere"), Of(report, "oursAndMissing"), Of(report, "thereAndNotOurs")));
    }

    [Fact]
    public async Task Two_rows_of_one_person_are_one_and_hide_no_stranger()
    {
        var audience = await syncs.On(StoreKind.Sqlite).AudienceAsync();
        var other = await audience.SiblingAsync();
        await audience.PushAsync(Row.Insert(1, "ada@example.com", "u1"), Row.Insert(2, "ada@example.com"), Row.Insert(3, "grace@example.org"));
        await other.PushAsync(Row.Insert(1, "edsger@example.net", "u3"), Row.Insert(2, "edsger@example.net"));
        await other.PushAsync(Row.Insert(3, "alan@example.com", "u4"));
        await audience.PushAsync(Row.Insert(4, "alan@example.com")); // ours by the e-mail only, theirs by both
        audience.Project.AddUser("zed@strangers.example", "z9", listIds: audience.List);
        var report = (await RunAsync(audience))["report"]!;
        Assert.Equal(
            (3, 5, 3, 0, 1, 1),
            (Of(report, "ours"), Of(report, "there"), Of(report, "oursAndThere"), Of(report, "oursAndMissing"), Of(report, "thereAndNotOurs"), Of(report, "thereByOthers")));
        Assert.Equal("z…@strangers.example", (string?)Assert.Single(report["samples"]!["thereAndNotOurs"]!.AsArray()));
    }

    [Theory]
    [StoreData(FaultKind.Truncate, "nothing is known about the list")]
    [StoreData(FaultKind.ResetBefore, "nothing is known about the list")]
    [StoreData(FaultKind.Respond, "503")]
    internal async Task A_list_that_breaks_off_gives_no_verdict(StoreKind store, FaultKind fault, string says)
    {
        var audience = await syncs.On(store).AudienceAsync();
        await audience.PushAsync(Row.People(20));
        audience.Fault(new FaultRule { Fault = fault, Status = fault == FaultKind.Respond ? 503 : null, On = new() { Kind = CallKind.GetUsers } });
        var found = await RunAsync(audience);
        Assert.Equal("failed", (string)found["status"]!);
        Assert.Contains(says, (string)found["error"]!, StringComparison.Ordinal);
        Assert.Null(found["report"]);
        var again = await RunAsync(audience);
        Assert.Equal("completed ", $"{again["status"]} {again["error"]}");
    }

    [Fact]
    public async Task An_empty_list_and_a_list_that_is_gone()
    {
        var audience = await syncs.On(StoreKind.Sqlite).AudienceAsync();
        Assert.Equal(0, Of((await RunAsync(audience))["report"]!, "there"));
        audience.Project.RemoveList(audience.List);
        var found = await RunAsync(audience);
        Assert.Equal("failed", (string)found["status"]!);
        Assert.Contains("list", (string)found["error"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_may_ask_and_for_what()
    {
        var audience = await syncs.On(StoreKind.Sqlite).AudienceAsync();
        (await audience.Host.PostAsync($"{audience.Url}/reconcile", null, "viewer")).ShouldBe(HttpStatusCode.Forbidden);
        (await audience.Host.PostAsync("/v2/retl-connections/none/reconcile")).ShouldBeProblem(HttpStatusCode.NotFound, "connection");
        (await audience.Host.GetAsync($"{audience.Url}/reconcile/none", "viewer")).ShouldBeProblem(HttpStatusCode.NotFound, "comparison");
    }

    private static int Of(JsonNode report, string count) => (int)report[count]!;

    private static async Task<JsonNode> RunAsync(Audience audience)
    {
        var id = (await audience.Host.PostAsync($"{audience.Url}/reconcile", null, "operator")).ShouldBe(HttpStatusCode.Accepted).Text("reconcileId");
        return await Until.AsyncIs(
            "reconcile", async () => (await audience.Host.GetAsync($"{audience.Url}/reconcile/{id}", "viewer")).ShouldBe(HttpStatusCode.OK).Json, r => (string)r["status"]! != "running");
    }

    private static async Task TakeOffAsync(Audience audience, SimulatedProjectType type, params string[] people)
    {
        var rows = people.Select(p => type == SimulatedProjectType.EmailBased ? $$"""{"email":"{{p}}@example.com"}""" : $$"""{"userId":"{{p}}"}""");
        using var client = new HttpClient { BaseAddress = audience.Sync.Simulator.BaseUrl };
        client.DefaultRequestHeaders.Add("Api-Key", audience.Project.Options.Keys.First().Key);
        using var body = new StringContent($$"""{"listId":{{audience.List}},"subscribers":[{{string.Join(',', rows)}}],"channelUnsubscribe":false}""", System.Text.Encoding.UTF8, "application/json");
        (await client.PostAsync(new Uri("/api/lists/unsubscribe", UriKind.Relative), body, TestContext.Current.CancellationToken)).EnsureSuccessStatusCode();
    }
}
