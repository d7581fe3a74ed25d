using System.Net;
using System.Text;
using IterableAudience.Simulator.Api;
using IterableAudience.Simulator.Faults;
using IterableAudience.Tests.Stores;
using Xunit;

namespace IterableAudience.Tests.Syncs;

/// <summary>
/// Syncs of every kind, good and bad, with values that all carry one mark; then everything that the service logged, measured or said in errors is
/// searched for the mark, and for the keys and tokens that were used.
/// </summary>
public sealed class PersonalDataTests : IAsyncDisposable
{
    private const string Mark = "zqzq";
    private SyncHost _sync = null!;
    private readonly List<string> _said = [];
    private readonly List<string> _syncs = [];
    private readonly List<string> _secrets = [Mark, TestHost.AdminToken];

    private async Task StartAsync(StoreKind store)
    {
        _sync = new SyncHost(store);
        _sync.Host.Settings["Serilog:MinimumLevel:Default"] = "Debug"; // what an operator does to find out what is wrong
        await _sync.InitializeAsync();
    }

    [Theory]
    [StoreData]
    public async Task Nothing_of_a_person_no_key_and_no_token_is_in_logs_metrics_errors_or_the_request_log(StoreKind store)
    {
        await StartAsync(store);
        await HappyAsync();
        await RefusedAsync();
        await InTroubleAsync();
        await BadRequestsAsync();
        _said.Add((await _sync.Host.GetAsync("/metrics", "viewer")).ShouldBe(HttpStatusCode.OK).Body);
        _secrets.Add(await _sync.Host.TokenAsync("operator"));
        _secrets.Add(await _sync.Host.TokenAsync("viewer"));

        Assert.True(_said.Count > 60, $"only {_said.Count} texts were looked at");
        Assert.All(_syncs, id => Assert.Contains(_sync.Host.Logs.All, line => line.Contains(id, StringComparison.Ordinal)));
        foreach (var text in _said.Concat(_sync.Host.Logs.All))
            Assert.All(_secrets, secret => Assert.DoesNotContain(secret, text, StringComparison.OrdinalIgnoreCase));
    }

    public ValueTask DisposeAsync() => _sync.DisposeAsync();

    private static string[] Rows() =>
    [
        Row.Of("insert", $"{Mark}-key-1", $" {Mark}.Ada@Example.com", $"{Mark}-u1", $"{Mark}-r1"), Row.Of("update", $"{Mark}.key@example.com", $"{Mark}.bob@example.com", $"{Mark}-u2"),
        Row.Insert(null, $"{Mark}.keyless@example.com"), Row.Insert($"{Mark}-key-4", $"{Mark} no address", $" {Mark}"), Row.Delete($"{Mark}-key-5", $"{Mark}.gone@example.com", $"{Mark}-u5"),
        $$$"""{"action":"{{{Mark}}}","primaryKey":"{{{Mark}}}","fields":{"EMAIL":["{{{Mark}}}"]} }""",
    ];

    private async Task<Audience> AudienceAsync()
    {
        var audience = await _sync.AudienceAsync();
        _secrets.Add($"api-key-{audience.Project.Id}");
        return audience;
    }

    private async Task HappyAsync()
    {
        var audience = await AudienceAsync();
        await LookAsync(audience, await audience.PushAsync(Rows()));
        await LookAsync(audience, await audience.FullAsync(Rows()[..2]));
        await LookAsync(audience, await audience.PushAsync("dryRun=true", Rows()));
        var lines = string.Join('\n', Rows()) + $"\n{Mark}\n{{\"{Mark}\":";
        await LookAsync(audience, Audience.Finished(await audience.SendAsync(lines, "wait=60", Audience.Ndjson)));
        await LookAsync(audience, await audience.FullAsync());
    }

    private async Task RefusedAsync()
    {
        var audience = await AudienceAsync();
        audience.Project.Forget(null, $"{Mark}-u1");
        audience.Project.AddUser($"{Mark}.bob@example.com", $"{Mark}-other");
        audience.Project.AddUser(null, $"{Mark}-u2");
        audience.Project.AddUser($"{Mark}.keyless@example.com", null, hasInvalidData: true);
        await LookAsync(audience, await audience.PushAsync(Rows()));
        foreach (var status in new[] { 400, 401, 403, 404, 409, 429, 500, 503 })
        {
            audience = await AudienceAsync();
            audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = status, Times = status == 429 ? 2 : 0, Body = Echo(audience, "GenericError") });
            await LookAsync(audience, await audience.PushAsync(Rows()));
        }

        // a refusal that repeats the body and every header, the key included
        audience = await AudienceAsync();
        audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 400, Times = 0, Body = Echo(audience, "BadJsonBody") });
        await LookAsync(audience, await audience.PushAsync(Rows()));
        audience = await AudienceAsync();
        audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 400, Times = 0, ContentType = "text/html", Body = $"<p>{Mark}.ada@example.com is wrong</p>" });
        await LookAsync(audience, await audience.PushAsync(Rows()));
    }

    private async Task InTroubleAsync()
    {
        foreach (var fault in new[] { FaultKind.ResetBefore, FaultKind.ResetAfter, FaultKind.Truncate, FaultKind.Html, FaultKind.Empty, FaultKind.FailUnnamed, FaultKind.CountTooSmall })
        {
            var audience = await AudienceAsync();
            audience.Fault(new FaultRule { Fault = fault, Times = 0, On = new() { Kind = CallKind.Subscribe } });
            await LookAsync(audience, await audience.PushAsync(Rows()));
        }
    }

    private async Task BadRequestsAsync()
    {
        var audience = await AudienceAsync();
        var body = Audience.Body(Rows());
        Hear(await audience.SendAsync(body[..^9], key: $"{Mark}-idempotency"));
        Hear(await audience.SendAsync(body.Replace("]}", $"}}{Mark}", StringComparison.Ordinal)));
        Hear(await audience.SendAsync(body, $"syncType={Mark}&dryRun={Mark}&wait={Mark}"));
        Hear(await audience.SendAsync(body, mediaType: "text/csv"));
        Hear(await audience.SendAsync(Audience.Gzip(Encoding.UTF8.GetBytes(body), Audience.Json)));
        Hear(await audience.SendAsync($$"""{"{{Mark}}":"{{new string('x', 2_000_000)}}"}"""));
        Hear(await audience.SendAsync(body, key: "k"));
        Hear(await audience.SendAsync(body + " ", key: "k"));
        Hear(await audience.Host.GetAsync($"{audience.Url}/syncs?started_after={Mark}&status={Mark}", "viewer"));
        Hear(await audience.Host.GetAsync($"{audience.Url}/syncs/x/records?outcome={Mark}&reason={Mark}&cursor={Mark}", "viewer"));
        Hear(await audience.Host.PostAsync($"{audience.Url}/syncs/x/records/search", $$"""{"email":"{{Mark}}.ada@example.com"}""", "operator"));
        Hear(await audience.Host.PostAsync($"{audience.Url}/syncs/x/records/search", $$"""{"email":{"{{Mark}}":1} }""", "operator"));
        Hear(await audience.Host.PostAsync($"{audience.Url}/syncs/x/approve", $$"""{"planHash":"{{Mark}}"}""", "operator"));
        Hear(await audience.Host.PostAsync("/v2/accounts", $$$"""{"name":"x","accountDefinitionName":"{{{Mark}}}","options":{"dataCenter":"{{{Mark}}}"},"secret":{"apiKey":"{{{Mark}}}"} }"""));
        using var request = new HttpRequestMessage(HttpMethod.Get, audience.Url);
        request.Headers.Authorization = new("Bearer", Mark + "-wrong-token");
        Hear(await audience.Host.SendAsync(request, null));
    }

    private void Hear(Answer answer)
    {
        if ((int)answer.Status >= 400)
            _said.Add(answer.Body);
    }

    private async Task LookAsync(Audience audience, SyncResult sync)
    {
        _syncs.Add(sync.Id);
        _said.Add(sync.Json.ToJsonString());
        _said.Add((await audience.Host.GetAsync($"{audience.Url}/syncs/{sync.Id}/requests", "admin")).ShouldBe(HttpStatusCode.OK).Body);
        foreach (var record in await audience.RecordListAsync(sync.Id, role: "admin"))
            _said.Add((string?)record!["detail"] ?? "");
        foreach (var record in await audience.RecordListAsync(sync.Id, role: "viewer"))
            Assert.DoesNotContain($"{Mark}.", record!.ToJsonString(), StringComparison.OrdinalIgnoreCase);
    }

    private static string Echo(Audience audience, string code) => $$$"""
        {"msg":"[/api/lists/subscribe] Invalid JSON body: {\"subscribers\":[{\"email\":\"{{{Mark}}}.ada@example.com\",\"userId\":\"{{{Mark}}}-u1\"}]} Headers: (Api-Key,api-key-{{{audience.Project.Id}}})","code":"{{{code}}}",
         "params":{"{{{Mark}}}.ada@example.com":"{{{Mark}}}-u1","obj.subscribers[0].email":[{"msg":["{{{Mark}}}"]}]} }
        """;
}
