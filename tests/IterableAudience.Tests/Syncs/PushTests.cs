using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using IterableAudience.Tests.Stores;
using Xunit;

namespace IterableAudience.Tests.Syncs;

/// <summary>How records are pushed, and what the answer looks like.</summary>
public sealed class PushTests(SyncHosts syncs) : IClassFixture<SyncHosts>
{
    private static readonly string[] Mixed =
    [
        Row.Insert(1, " Ada@Example.com ", "u-1"), Row.Insert(2, "grace@example.org", "u-2"), Row.Insert(3, "edsger@example.net", "u-3"),
        Row.Insert(4, "no address", " padded "), Row.Update(5, "nobody", "u-5"), Row.Delete(6, "alan@example.com", "u-6"),
    ];

    [Theory]
    [StoreData]
    public async Task A_push_answers_202_with_the_address_of_its_sync(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        var answer = (await audience.SendAsync(Audience.Body(Row.Insert(1, "ada@example.com", "u1")))).ShouldBe(HttpStatusCode.Accepted);
        var id = answer.Text("syncId");
        Assert.Equal(["syncId", "status"], answer.Json.AsObject().Select(p => p.Key));
        Assert.Equal("running", answer.Text("status"));
        Assert.Equal($"{audience.Url}/syncs/{id}", answer.Headers.Location!.ToString());
        Assert.DoesNotContain('_', id);
        Assert.Equal("completed", (await audience.EndOfAsync(id)).Outcome);
        Assert.Equal("ada@example.com/u1", audience.Members);
    }

    [Theory]
    [StoreData]
    public async Task With_wait_the_answer_is_the_finished_sync_in_the_documented_shape(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        audience.Project.AddUser("edsger@example.net", "u-3", hasInvalidData: true);
        var answer = (await audience.SendAsync(Audience.Body(Mixed), "wait=60")).ShouldBe(HttpStatusCode.OK);
        Assert.StartsWith("application/json", answer.ContentType, StringComparison.Ordinal);

        var sample = JsonNode.Parse("""
            { "id": "s", "connectionId": "c", "status": "succeeded", "outcome": "completed_with_failures", "phase": "closed",
              "trigger": "push", "syncType": "incremental", "dryRun": false, "planHash": "h", "startedAt": "t", "finishedAt": "t", "error": "",
              "metrics": { "total": 6, "changed": {"total": 6}, "succeeded": {"total": 4}, "failed": {"total": 2} },
              "report": {
                "received":  { "total": 6, "insert": 4, "update": 1, "delete": 1, "unreadable": 0, "absent": 0, "retried": 0 },
                "outcomes":  { "subscribed": 3, "unsubscribed": 1, "unchanged": 0, "retained": 0, "superseded": 0, "rejected": 1, "failed": 1, "forgotten": 0, "not_sent": 0, "planned": 0 },
                "reasons":   [ {"outcome": "unsubscribed", "reason": "was_not_member", "count": 1}, {"outcome": "rejected", "reason": "no_valid_identifier", "count": 1}, {"outcome": "failed", "reason": "invalid_data", "count": 1} ],
                "warnings":  [ {"warning": "identifier_dropped", "count": 1} ],
                "operations": { "subscribe": 4, "unsubscribe": 1 },
                "requests":  { "subscribe": 1, "unsubscribe": 2, "retried": 0, "throttled": 0 },
                "progress":  { "staged": 6, "planned": 5, "sent": 5, "etaSeconds": 0, "limitedBy": "nothing" } } }
            """)!;
        var got = answer.Json;
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", answer.Text("startedAt"));
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", answer.Text("finishedAt"));
        Assert.NotEmpty(answer.Text("planHash"));
        Assert.Equal(audience.Connection, answer.Text("connectionId"));
        foreach (var (name, value) in new[] { ("id", "s"), ("connectionId", "c"), ("planHash", "h"), ("startedAt", "t"), ("finishedAt", "t") })
            got[name] = value;
        Assert.Equal(sample.ToJsonString(), got.ToJsonString());
    }

    [Theory]
    [StoreData]
    public async Task An_answer_to_GET_is_the_same_as_with_wait_and_a_happy_sync_warns_of_nothing(StoreKind store)
    {
        await using var own = await SyncHost.StartAsync(store);
        var audience = await own.AudienceAsync();
        var pushed = await audience.PushAsync(Row.People(3));
        Assert.Equal(pushed.Json.ToJsonString(), (await audience.GetAsync(pushed.Id)).Json.ToJsonString());
        Assert.Equal(("succeeded", "completed", ""), (pushed.Status, pushed.Outcome, pushed.Error));
        Assert.Empty(own.Host.Logs.Warnings);
        Assert.Single(own.Host.Logs.All, l => l.Contains(pushed.Id, StringComparison.Ordinal) && l.Contains("3 subscribed", StringComparison.Ordinal));
    }

    [Theory]
    [StoreData(Audience.Json, false)]
    [StoreData(Audience.Ndjson, false)]
    [StoreData(Audience.Json, true)]
    [StoreData(Audience.Ndjson, true)]
    public async Task Records_come_as_a_document_or_as_lines_and_packed_or_not(StoreKind store, string mediaType, bool gzip)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        var body = mediaType == Audience.Json ? Audience.Body(Mixed) : string.Join('\n', Mixed);
        var answer = gzip
            ? await audience.SendAsync(Audience.Gzip(Pack(body), mediaType), "wait=60")
            : await audience.SendAsync(body, "wait=60", mediaType);
        var done = Audience.Finished(answer);
        Assert.Equal("subscribed 4, unsubscribed 1, rejected 1", done.Outcomes);
        Assert.Equal("/u-5 ada@example.com/u-1 edsger@example.net/u-3 grace@example.org/u-2", audience.Members);
    }

    [Theory]
    [StoreData]
    public async Task A_record_event_of_RudderStack_is_taken_as_it_is_and_identifiers_win_over_fields(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        var done = await audience.PushAsync("""
            {"type":"record","action":"insert","primaryKey":7,"recordId":"r-7","messageId":"m","context":{"sources":{"job_id":"j"}},"channel":"sources",
             "fields":{"EMAIL":"no@example.com","ID":"no","NAME":{"first":"A"}},"identifiers":{"email":"Yes@Example.com","userId":"yes"}}
            """);
        Assert.Equal("subscribed 1", done.Outcomes);
        Assert.Equal("yes@example.com/yes", audience.Members);
        var record = await audience.RecordAsync(done.Id, "7");
        Assert.Equal("r-7", (string?)record["recordId"]);
        Assert.Equal("""{"email":"yes@example.com","userId":"yes"}""", record["identifiers"]!.ToJsonString());
    }

    [Theory]
    [StoreData]
    public async Task A_connection_without_a_mapping_takes_identifiers(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync(mapped: false);
        await audience.PushAsync("""{"action":"insert","primaryKey":"1","identifiers":{"email":"ada@example.com","userId":"u1"}}""");
        Assert.Equal("ada@example.com/u1", audience.Members);
    }

    [Theory]
    [StoreData]
    public async Task Another_number_of_records_than_expected_aborts_and_sends_nothing(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        var aborted = await audience.PushAsync("expectedRecords=3", Row.People(2));
        Assert.Equal(("failed", "aborted"), (aborted.Status, aborted.Outcome));
        Assert.Contains("3 records were expected and 2 came", aborted.Error, StringComparison.Ordinal);
        Assert.Equal("not_sent 2", aborted.Outcomes);
        Assert.Equal("not_sent sync_aborted 2", aborted.Reasons);
        Assert.Empty(audience.Requests);

        Assert.Equal("completed", (await audience.PushAsync("expectedRecords=2", Row.People(2))).Outcome);
        Assert.Equal("subscribe 2", audience.Sent);
    }

    [Theory]
    [StoreData]
    public async Task An_empty_push_is_a_sync_of_nothing(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        var done = await audience.PushAsync();
        Assert.Equal(("completed", ""), (done.Outcome, done.Outcomes));
        Assert.Empty(audience.Requests);
    }

    [Theory]
    [StoreData]
    public async Task The_wait_ends_with_202_when_the_sync_has_not_ended_by_then(StoreKind store)
    {
        await using var own = await SyncHost.StartAsync(store);
        var audience = await own.AudienceAsync();
        own.Gate.Close();
        var answer = (await audience.SendAsync(Audience.Body(Row.People(1)), "wait=1")).ShouldBe(HttpStatusCode.Accepted);
        var running = await audience.GetAsync(answer.Text("syncId"));
        Assert.Equal(("running", "running", "sending"), (running.Status, running.Outcome, running.Phase));
        Assert.Null(running.Json["finishedAt"]);
        Assert.Equal("""{"staged":1,"planned":1,"sent":0,"etaSeconds":1,"limitedBy":"iterable"}""", running.Json["report"]!["progress"]!.ToJsonString());
        own.Gate.Open();
        Assert.Equal("completed", (await audience.EndOfAsync(running.Id)).Outcome);
    }

    [Theory]
    [StoreData("syncType=everything", "syncType")]
    [StoreData("dryRun=yes&resend=1&wait=61&expectedRecords=-1", "dryRun", "resend", "wait", "expectedRecords")]
    [StoreData("wait=soon&expectedRecords=1.5", "wait", "expectedRecords")]
    public async Task A_wrong_parameter_is_named_and_nothing_happens(StoreKind store, string query, params string[] fields)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        (await audience.SendAsync(Audience.Body(Row.People(1)), query)).ShouldRefuse(fields);
        Assert.Equal(0, (int)(await audience.Host.GetAsync($"{audience.Url}/syncs")).At("paging.total")!);
    }

    [Theory]
    [StoreData]
    public async Task The_error_answer_of_a_sync_is_JSON_with_error_text(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        var answer = (await audience.Host.GetAsync($"{audience.Url}/syncs/unknown")).ShouldBeProblem(HttpStatusCode.NotFound, "sync");
        Assert.Equal(JsonValueKind.String, answer.Json["error"]!.GetValueKind());
    }

    private static byte[] Pack(string text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
            gzip.Write(Encoding.UTF8.GetBytes(text));
        return packed.ToArray();
    }
}
