using System.Net;
using System.Text.Json.Nodes;
using IterableAudience.Simulator.Faults;
using IterableAudience.Tests.Stores;
using Xunit;

namespace IterableAudience.Tests.Syncs;

/// <summary>What became of each record: pages, filters, masks, exports, search.</summary>
public sealed class ReadTests(SyncHosts syncs) : IClassFixture<SyncHosts>
{
    private static readonly string[] Records =
    [
        Row.Of("insert", "k-1", "Ada@Example.com", "u-1007", "r-1"), Row.Of("insert", "ada@example.com", "grace@example.org", "u-2", "r-2"),
        Row.Of("update", "k-3", "nobody", " ", "r-3"), Row.Of("delete", "k-4", "alan@example.com", "u-4", "r-4"), Row.Of("insert", "=k-5", "bad@example.com", "u-5", "@r5"),
    ];

    [Theory]
    [StoreData]
    public async Task A_record_is_shown_whole_to_an_operator(StoreKind store)
    {
        var (audience, done) = await PushedAsync(store);
        var record = await audience.RecordAsync(done.Id, "k-1");
        Assert.Equal(
            ["line", "primaryKey", "recordId", "action", "outcome", "reason", "detail", "faults", "identifiers", "batch", "attempts", "httpStatus", "at"],
            record.AsObject().Select(p => p.Key));
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", (string)record["at"]!);
        record["at"] = record["batch"] = null;
        Assert.Equal(
            """{"line":1,"primaryKey":"k-1","recordId":"r-1","action":"insert","outcome":"subscribed","reason":null,"detail":null,"faults":[],"identifiers":{"email":"ada@example.com","userId":"u-1007"},"batch":null,"attempts":1,"httpStatus":200,"at":null}""",
            record.ToJsonString());
        var rejected = await audience.RecordAsync(done.Id, "k-3");
        Assert.Equal("""{"email":"nobody","userId":" "}""", rejected["identifiers"]!.ToJsonString());
        Assert.Null(rejected["batch"]);
    }

    [Theory]
    [StoreData("outcome=subscribed", "ada@example.com subscribed, k-1 subscribed")]
    [StoreData("reason=invalid_data", "=k-5 failed invalid_data")]
    [StoreData("action=delete", "k-4 unsubscribed was_not_member")]
    [StoreData("outcome=failed&action=insert", "=k-5 failed invalid_data")]
    [StoreData("outcome=failed&action=delete", "")]
    public async Task Records_are_filtered(StoreKind store, string query, string found)
    {
        var (audience, done) = await PushedAsync(store);
        Assert.Equal(found, OutcomeTests.Sorted(await audience.RecordsAsync(done.Id, query)));
    }

    [Theory]
    [StoreData]
    public async Task Failed_records_are_those_that_did_not_get_where_they_should(StoreKind store)
    {
        var (audience, done) = await PushedAsync(store);
        var failed = (await audience.Host.GetAsync($"{audience.Url}/syncs/{done.Id}/failed-records", "operator")).Json["data"]!.AsArray();
        Assert.Equal(["failed", "rejected"], failed.Select(r => (string)r!["outcome"]!).Order());
        Assert.Empty((await audience.Host.GetAsync($"{audience.Url}/syncs/{done.Id}/failed-records?outcome=subscribed", "operator")).Json["data"]!.AsArray());
    }

    [Theory]
    [StoreData("outcome=lost&reason=bad_luck&action=merge&pageSize=0&cursor=%21", "outcome", "reason", "action", "pageSize", "cursor")]
    [StoreData("pageSize=1001", "pageSize")]
    public async Task A_wrong_filter_is_named(StoreKind store, string query, params string[] fields)
    {
        var (audience, done) = await PushedAsync(store);
        (await audience.Host.GetAsync($"{audience.Url}/syncs/{done.Id}/records?{query}")).ShouldRefuse(fields);
    }

    [Theory]
    [StoreData]
    public async Task Pages_follow_one_another_by_cursor_and_hold_each_record_once(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        var done = await audience.PushAsync(Row.People(2345));
        List<string> keys = [];
        var pages = 0;
        for (string? next = $"{audience.Url}/syncs/{done.Id}/records?pageSize=500&outcome=subscribed"; next is not null; pages++)
        {
            var page = (await audience.Host.GetAsync(next, "viewer")).ShouldBe(HttpStatusCode.OK);
            Assert.Equal(["next"], page.Json["paging"]!.AsObject().Select(p => p.Key));
            keys.AddRange(page.Json["data"]!.AsArray().Select(r => ((int)r!["line"]!).ToString(provider: null)));
            next = (string?)page.At("paging.next");
        }

        Assert.Equal(5, pages);
        Assert.Equal(2345, keys.Distinct().Count());
        Assert.Equal(2345, keys.Count);
    }

    [Theory]
    [StoreData]
    public async Task A_viewer_sees_identifiers_and_keys_masked(StoreKind store)
    {
        var (audience, done) = await PushedAsync(store);
        var seen = (await audience.RecordListAsync(done.Id, role: "viewer")).ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        Assert.Contains("\"primaryKey\":\"k…1\"", seen, StringComparison.Ordinal);
        Assert.Contains("\"primaryKey\":\"a…@example.com\"", seen, StringComparison.Ordinal); // a row key is often an e-mail
        Assert.Contains("{\"email\":\"a…@example.com\",\"userId\":\"u…7\"}", seen, StringComparison.Ordinal);
        Assert.All(new[] { "ada@", "grace", "u-1007", "k-1", "nobody", "alan" }, secret => Assert.DoesNotContain(secret, seen, StringComparison.OrdinalIgnoreCase));
        foreach (var accept in new[] { "text/csv", "application/x-ndjson" })
        {
            var export = await RecordsAsync(audience, done.Id, accept, "viewer");
            Assert.Contains("a…@example.com", export.Body.Replace("\\u2026", "…", StringComparison.Ordinal), StringComparison.Ordinal);
            Assert.All(new[] { "ada@", "grace", "u-1007", "k-1", "nobody", "alan" }, secret => Assert.DoesNotContain(secret, export.Body, StringComparison.OrdinalIgnoreCase));
        }
    }

    [Theory]
    [StoreData]
    public async Task An_export_as_CSV_is_whole_and_safe_for_spreadsheets(StoreKind store)
    {
        var (audience, done) = await PushedAsync(store);
        var csv = (await RecordsAsync(audience, done.Id, "text/csv")).ShouldBe(HttpStatusCode.OK);
        Assert.Equal("text/csv; charset=utf-8", csv.ContentType);
        var lines = csv.Body.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("line,primaryKey,recordId,action,outcome,reason,detail,faults,email,userId,batch,attempts,httpStatus,at", lines[0]);
        Assert.Equal(6, lines.Length);
        Assert.Contains(lines, l => l.StartsWith("5,'=k-5,'@r5,insert,failed,invalid_data,", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.Contains("email:invalid_email userId:user_id_whitespace", StringComparison.Ordinal));
    }

    [Theory]
    [StoreData]
    public async Task An_export_as_NDJSON_is_the_same_records_a_line_each(StoreKind store)
    {
        var (audience, done) = await PushedAsync(store);
        var export = (await RecordsAsync(audience, done.Id, "application/x-ndjson")).ShouldBe(HttpStatusCode.OK);
        Assert.Equal("application/x-ndjson", export.ContentType);
        var records = export.Body.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonNode.Parse(l)!.ToJsonString());
        Assert.Equal((await audience.RecordListAsync(done.Id)).Select(r => r!.ToJsonString()), records);
        // all of it, also of a filter, whatever the page size
        var filtered = await RecordsAsync(audience, done.Id, "application/x-ndjson", query: "?outcome=subscribed&pageSize=1");
        Assert.Equal(2, filtered.Body.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Theory]
    [StoreData("""{"email":" ADA@example.com"}""", "k-1")]
    [StoreData("""{"userId":"u-2"}""", "ada@example.com")]
    [StoreData("""{"primaryKey":"k-3"}""", "k-3")]
    [StoreData("""{"recordId":"r-4"}""", "k-4")]
    [StoreData("""{"email":"ada@example.com","userId":"u-2"}""", null)]
    [StoreData("""{"userId":"U-2"}""", null)]
    [StoreData("""{"email":"nobody"}""", "k-3")]
    public async Task A_search_finds_a_persons_records(StoreKind store, string search, string? key)
    {
        var (audience, done) = await PushedAsync(store);
        var found = (await audience.Host.PostAsync($"{audience.Url}/syncs/{done.Id}/records/search", search, "operator")).ShouldBe(HttpStatusCode.OK);
        Assert.Equal(key is null ? [] : [key], found.Json["data"]!.AsArray().Select(r => (string?)r!["primaryKey"]));
    }

    [Theory]
    [StoreData]
    public async Task A_search_names_what_it_looks_for_and_is_for_operators(StoreKind store)
    {
        var (audience, done) = await PushedAsync(store);
        var url = $"{audience.Url}/syncs/{done.Id}/records/search";
        (await audience.Host.PostAsync(url, "{}", "operator")).ShouldBeProblem(HttpStatusCode.BadRequest, "at least one of email");
        (await audience.Host.PostAsync(url, """{"email":7}""", "operator")).ShouldRefuse("email");
        (await audience.Host.PostAsync(url, """{"email":"ada@example.com"}""", "viewer")).ShouldBeProblem(HttpStatusCode.Forbidden, "viewer");
    }

    [Theory]
    [StoreData]
    public async Task The_requests_of_a_sync_are_listed_with_redacted_answers(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 503, Times = 1 });
        audience.Fault(new FaultRule { Fault = FaultKind.ResetAfter, Times = 1 });
        audience.Fault(new FaultRule { Fault = FaultKind.RateLimit, Times = 1 });
        var done = await audience.PushAsync(Row.People(3));
        var answer = (await audience.Host.GetAsync($"{audience.Url}/syncs/{done.Id}/requests", "viewer")).ShouldBe(HttpStatusCode.OK);
        Assert.Equal("""{"total":4,"next":null}""", answer.At("paging")!.ToJsonString());
        var requests = answer.Json["data"]!.AsArray();
        Assert.Equal(new int?[] { 503, null, 429, 200 }, requests.Select(r => (int?)r!["status"]));
        Assert.Equal([1, 2, 3, 3], requests.Select(r => (int)r!["attempt"]!));
        Assert.All(requests, r => Assert.Equal(("subscribe", 3), ((string)r!["kind"]!, (int)r["size"]!)));
        Assert.All(requests, r => Assert.True((double)r!["durationMs"]! >= 0));
        Assert.Equal("200: 3 succeeded, 0 failed", (string)requests[^1]!["answer"]!);
        var second = await audience.Host.GetAsync($"{audience.Url}/syncs/{done.Id}/requests?pageSize=3&page=2", "viewer");
        Assert.Single(second.Json["data"]!.AsArray());
    }

    /// <summary>All records of a sync in a format.</summary>
    internal static async Task<Answer> RecordsAsync(Audience audience, string id, string accept, string role = "operator", string query = "")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{audience.Url}/syncs/{id}/records{query}");
        request.Headers.Accept.ParseAdd(accept);
        return await audience.Host.SendAsync(request, role);
    }

    private async Task<(Audience Audience, SyncResult Done)> PushedAsync(StoreKind store)
    {
        var audience = await syncs.On(store).AudienceAsync();
        audience.Project.AddUser("bad@example.com", "u-5", hasInvalidData: true);
        return (audience, await audience.PushAsync(Records));
    }
}
