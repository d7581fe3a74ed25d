using System.Text;
using System.Text.Json.Nodes;
using IterableAudience.Simulator.Projects;
using IterableAudience.Tests.Stores;
using Xunit;

namespace IterableAudience.Tests.Syncs;

/// <summary>Records that are wrong: each costs only itself, and says why.</summary>
public sealed class BrokenRecordTests(SyncHosts syncs) : IClassFixture<SyncHosts>
{
    [Theory]
    [StoreData]
    public async Task A_line_that_is_no_record_costs_only_itself_and_is_named_by_its_number(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        var lines = string.Join('\n', Row.Insert(1, "ada@example.com", "u1"), "{\"action\":\"insert\",", "", "[1]", Row.Insert(2, "grace@example.com", "u2"));
        var done = Audience.Finished(await audience.SendAsync(lines, "wait=60", Audience.Ndjson));
        Assert.Equal("completed_with_failures", done.Outcome);
        Assert.Equal("subscribed 2, rejected 2", done.Outcomes);
        Assert.Equal("rejected malformed_record 2", done.Reasons);
        Assert.Equal("total 4, insert 2, unreadable 2", done.ReceivedCounts);
        Assert.Equal("ada@example.com/u1 grace@example.com/u2", audience.Members);
        var bad = await audience.RecordListAsync(done.Id, "outcome=rejected");
        Assert.Equal([2, 4], bad.Select(r => (int)r!["line"]!).Order());
        Assert.Contains(bad, r => ((string)r!["detail"]!).Contains("not valid JSON", StringComparison.Ordinal));
        Assert.Contains(bad, r => ((string)r!["detail"]!).Contains("not a JSON object", StringComparison.Ordinal));
        Assert.All(bad, r => Assert.Null(r!["action"]));
    }

    [Theory]
    [StoreData(Audience.Json)]
    [StoreData(Audience.Ndjson)]
    public async Task A_record_that_is_too_large_or_too_deep_costs_only_itself(StoreKind store, string mediaType)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        string[] records =
        [
            Row.Insert(1, "ada@example.com", "u1"),
            $$$"""{"action":"insert","primaryKey":"2","fields":{"EMAIL":"b@example.com","ID":"u2","NOTE":"{{{new string('x', 70_000)}}}"}}""",
            $$"""{"action":"insert","primaryKey":"3","fields":{"EMAIL":"c@example.com","ID":"u3"},"context":{{new string('[', 20)}}{{new string(']', 20)}}}""",
            Row.Insert(4, "grace@example.com", "u4"),
        ];
        var body = mediaType == Audience.Json ? Audience.Body(records) : string.Join("\r\n", records);
        var done = Audience.Finished(await audience.SendAsync(body, "wait=60", mediaType));
        Assert.Equal("subscribed 2, rejected 2", done.Outcomes);
        var bad = await audience.RecordListAsync(done.Id, "reason=malformed_record");
        Assert.Equal((2, 3), ((int)bad[0]!["line"]!, (int)bad[1]!["line"]!));
        Assert.Contains("larger than 64 KB", (string)bad[0]!["detail"]!, StringComparison.Ordinal);
        Assert.Contains("16 levels", (string)bad[1]!["detail"]!, StringComparison.Ordinal);
        Assert.Equal("ada@example.com/u1 grace@example.com/u4", audience.Members);
    }

    [Theory]
    [StoreData]
    public async Task Lines_that_are_all_bad_make_a_sync_with_only_rejections(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        var done = Audience.Finished(await audience.SendAsync("x\ny\n<z>", "wait=60", Audience.Ndjson));
        Assert.Equal(("completed_with_failures", "rejected 3"), (done.Outcome, done.Outcomes));
        Assert.Empty(audience.Requests);
    }

    [Theory]
    [StoreData("""{"primaryKey":"1","fields":{"EMAIL":"a@example.com","ID":"u"}}""", "unsupported_action", "\"action\" is missing")]
    [StoreData("""{"action":"upsert","primaryKey":"1","fields":{"EMAIL":"a@example.com","ID":"u"}}""", "unsupported_action", "\"action\" is none of")]
    [StoreData("""{"action":"insert","primaryKey":null,"fields":{"EMAIL":"a@example.com","ID":"u"}}""", "null_primary_key", "\"primaryKey\" is null or empty")]
    [StoreData("""{"action":"insert","primaryKey":"","fields":{"EMAIL":"a@example.com","ID":"u"}}""", "null_primary_key", "\"primaryKey\" is null or empty")]
    [StoreData("""{"action":"insert","primaryKey":{"a":1},"fields":{"EMAIL":"a@example.com","ID":"u"}}""", "malformed_record", "\"primaryKey\" is an object")]
    [StoreData("""{"action":"insert","primaryKey":"1","fields":{"EMAIL":["a@example.com"],"ID":"u"}}""", "malformed_record", "email is an object or an array")]
    [StoreData("""{"action":"insert","primaryKey":"1","fields":"EMAIL"}""", "malformed_record", "\"fields\" is not an object")]
    [StoreData("""{"action":"insert","primaryKey":"1","identifiers":[]}""", "malformed_record", "\"identifiers\" is not an object")]
    [StoreData("""{"type":"track","action":"insert","primaryKey":"1","fields":{"EMAIL":"a@example.com","ID":"u"}}""", "malformed_record", "\"type\" is not")]
    public async Task A_record_that_is_formed_wrong_is_rejected_in_words(StoreKind store, string record, string reason, string says)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        var done = await audience.PushAsync(record, Row.Insert(2, "ada@example.com", "u1"));
        Assert.Equal($"rejected {reason} 1", done.Reasons);
        Assert.Equal("ada@example.com/u1", audience.Members);
        Assert.Contains(says, (string)Assert.Single(await audience.RecordListAsync(done.Id, "outcome=rejected"))!["detail"]!, StringComparison.Ordinal);
    }

    [Theory]
    [StoreData("email", "\"no address\"", "invalid_email")]
    [StoreData("email", "\"  \"", "email_empty")]
    [StoreData("email", "null", "identifier_missing")]
    [StoreData("userId", "\"\"", "user_id_empty")]
    [StoreData("userId", "\" u1\"", "user_id_whitespace")]
    [StoreData("userId", "\"0123456789012345678901234567890123456789012345678901x\"", "user_id_too_long")]
    [StoreData("userId", "\"ü1\"", "user_id_not_printable_ascii")]
    [StoreData("userId", "null", "identifier_missing")]
    public async Task The_identifier_that_a_project_needs_must_be_good(StoreKind store, string identifier, string value, string reason)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync(identifier == "email" ? SimulatedProjectType.EmailBased : SimulatedProjectType.UserIdBased);
        var done = await audience.PushAsync($$$"""{"action":"insert","primaryKey":"1","identifiers":{"{{{identifier}}}":{{{value}}} } }""");
        Assert.Equal($"rejected {reason} 1", done.Reasons);
        var record = await audience.RecordAsync(done.Id, "1");
        Assert.Equal($$"""[{"identifier":"{{identifier}}","fault":"{{reason}}"}]""", record["faults"]!.ToJsonString());
        Assert.Empty(audience.Requests);
    }

    [Theory]
    [StoreData]
    public async Task In_a_hybrid_project_one_good_identifier_is_enough_and_a_dropped_one_is_a_warning(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        var done = await audience.PushAsync(
            Row.Insert(1, "no address", "u1"), Row.Insert(2, "ada@example.com", " padded "), Row.Insert(3, "grace@example.com", ""), Row.Insert(4, null, "u4"),
            Row.Insert(5, "nobody", "ü"));
        Assert.Equal("subscribed 4, rejected 1", done.Outcomes);
        Assert.Equal("identifier_dropped 2", done.Warnings);
        Assert.Equal("rejected no_valid_identifier 1", done.Reasons);
        Assert.Equal("/u1 /u4 ada@example.com/ grace@example.com/", audience.Members);
        Assert.Equal(
            """[{"identifier":"email","fault":"invalid_email"},{"identifier":"userId","fault":"user_id_not_printable_ascii"}]""",
            (await audience.RecordAsync(done.Id, "5"))["faults"]!.ToJsonString());
    }

    [Theory]
    [StoreData]
    public async Task Numbers_and_booleans_are_their_text_and_userIds_are_never_repaired(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync(SimulatedProjectType.UserIdBased);
        var done = await audience.PushAsync(
            """{"action":"insert","primaryKey":1,"fields":{"ID":42}}""", """{"action":"insert","primaryKey":true,"fields":{"ID":true}}""", Row.Insert("3", null, "Ab"), Row.Insert("4", null, "aB"));
        Assert.Equal("subscribed 4", done.Outcomes);
        Assert.Equal("/42 /Ab /aB /true", audience.Members);
        Assert.Equal("1 subscribed, 3 subscribed, 4 subscribed, true subscribed", string.Join(", ", (await audience.RecordsAsync(done.Id)).Split(", ").Order(StringComparer.Ordinal)));
    }

    [Theory]
    [StoreData]
    public async Task Text_that_is_no_UTF_8_costs_only_its_line(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        byte[] body = [.. Encoding.UTF8.GetBytes(Row.Insert(1, "ada@example.com", "u1")), (byte)'\n', (byte)'{', 0xFF, (byte)'}', (byte)'\n'];
        var done = Audience.Finished(await audience.SendAsync(new ByteArrayContent(body) { Headers = { ContentType = new(Audience.Ndjson) } }, "wait=60"));
        Assert.Equal("subscribed 1, rejected 1", done.Outcomes);
        Assert.Contains("UTF-8", (string)Assert.Single(await audience.RecordListAsync(done.Id, "outcome=rejected"))!["detail"]!, StringComparison.Ordinal);
    }

    [Theory]
    [StoreData]
    public async Task A_rejected_record_replaces_nothing(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync(SimulatedProjectType.EmailBased);
        await audience.PushAsync(Row.Insert(1, "ada@example.com"));
        var done = await audience.PushAsync(Row.Update(1, "no address"));
        Assert.Equal("rejected invalid_email 1", done.Reasons);
        Assert.Equal(("ada@example.com/", 1), (audience.Members, await audience.LedgerAsync()));
        Assert.Equal("unsubscribed 1", (await audience.PushAsync(Row.Delete(1))).Outcomes);
        Assert.Equal("", audience.Members);
    }

    [Theory]
    [StoreData]
    public async Task A_good_record_of_a_key_before_a_bad_one_is_still_sent(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        var done = await audience.PushAsync(Row.Insert(1, "ada@example.com", "u1"), """{"action":"insert","primaryKey":"1"}""");
        Assert.Equal("1 subscribed, 1 rejected no_valid_identifier", await audience.RecordsAsync(done.Id));
        var fault = JsonNode.Parse((await audience.RecordListAsync(done.Id, "outcome=rejected"))[0]!["faults"]!.ToJsonString())!.AsArray();
        Assert.All(fault, f => Assert.Equal("identifier_missing", (string?)f!["fault"]));
    }
}
