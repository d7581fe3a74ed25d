using System.Data.Common;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using IterableAudience.Simulator;
using IterableAudience.Simulator.Api;
using IterableAudience.Simulator.Control;
using IterableAudience.Simulator.Faults;
using IterableAudience.Simulator.Projects;
using IterableAudience.Store;
using IterableAudience.Syncs.Ledger;
using IterableAudience.Tests.Plan;
using IterableAudience.Tests.Stores;
using Microsoft.Data.Sqlite;
using Npgsql;
using Xunit;

namespace IterableAudience.Tests.Faults;

/// <summary>A connection and the list that it keeps.</summary>
internal sealed record Audience(string Connection, long List);

/// <summary>One service, ended and started again as a test likes, and the simulator of Iterable that it talks to.</summary>
internal sealed class Site : IAsyncDisposable
{
    private readonly string _folder;
    private readonly Func<ServiceProcess, ServiceProcess> _watch;
    private readonly Dictionary<string, string> _settings;
    private string _program = ServiceProcess.Program;
    private string? _destination;
    private HttpClient _http = new();
    private bool _isGuest;

    private Site(string folder, Func<ServiceProcess, ServiceProcess> watch, RunningSimulator simulator, Dictionary<string, string> settings)
    {
        _folder = folder;
        _watch = watch;
        _settings = settings;
        Simulator = simulator;
        Service = null!;
    }

    public RunningSimulator Simulator { get; }

    public ServiceProcess Service { get; private set; }

    /// <summary>Has the service's address and the admin's token; another one after each start.</summary>
    public HttpClient Http => _http;

    public World World => Simulator.World;

    public SimulatedProject Project => World.Project("sim-hybrid");

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>Store and keys in a folder, a free port, and no pace that would make a test wait.</summary>
    public static Dictionary<string, string> SettingsOf(string folder, params (string Name, string Value)[] more)
    {
        Dictionary<string, string> settings = new()
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Production",
            ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
            ["ConnectionStrings__Store"] = $"Data Source={Path.Combine(folder, "store.db")}",
            ["Security__KeyRing"] = Path.Combine(folder, "keys"),
            ["Security__AdminToken"] = ProcessTest.AdminToken,
            ["Iterable__RequestsPerSecond"] = "1000",
            ["Iterable__BackoffBase"] = "00:00:00.010",
            // Nothing may leave the machine.
            ["Iterable__BaseUrls__US"] = "http://127.0.0.1:9",
            ["Iterable__BaseUrls__EU"] = "http://127.0.0.1:9",
        };
        foreach (var (name, value) in more)
            settings[name] = value;
        return settings;
    }

    /// <param name="folder">Where the service runs.</param>
    /// <param name="store">Which store the connection string in the settings is of.</param>
    /// <param name="watch">Is told of every process that is started.</param>
    /// <param name="settings">Changes of <see cref="SettingsOf"/>.</param>
    public static async Task<Site> StartAsync(
        string folder, StoreKind store, Func<ServiceProcess, ServiceProcess> watch, params (string Name, string Value)[] settings)
    {
        var simulator = await SimulatorHost.StartAsync(new SimulatorOptions(), Cancelled);
        (string, string)[] own = [("Iterable__BaseUrls__US", simulator.BaseUrl.OriginalString), ("Store__Provider", store.ToString())];
        var site = new Site(folder, watch, simulator, SettingsOf(folder, [.. own, .. settings]));
        await site.StartAsync();
        return site;
    }

    /// <summary>A published service, with the settings that an operator has to make, those that are given, and no others.</summary>
    public static async Task<Site> StartPublishedAsync(string folder, Func<ServiceProcess, ServiceProcess> watch, params (string Name, string Value)[] settings)
    {
        var program = await PublishedProgram.PathAsync();
        var simulator = await SimulatorHost.StartAsync(new SimulatorOptions(), Cancelled);
        var own = SettingsOf(folder, ("Iterable__BaseUrls__US", simulator.BaseUrl.OriginalString));
        foreach (var name in new[] { "ASPNETCORE_ENVIRONMENT", "Iterable__RequestsPerSecond", "Iterable__BackoffBase" })
            own.Remove(name);
        var site = new Site(folder, watch, simulator, own) { _program = program };
        await site.StartAsync(settings);
        return site;
    }

    /// <summary>Starts the service on its store, and waits until it is ready.</summary>
    public Task StartAsync(params (string Name, string Value)[] changes)
    {
        foreach (var (name, value) in changes)
            _settings[name] = value;
        return UseAsync(ServiceProcess.StartProgram(_program, _folder, _settings));
    }

    /// <summary>Another node: a second service on the same store, keys and simulator.</summary>
    public async Task<Site> NodeAsync(params (string Name, string Value)[] changes)
    {
        var node = new Site(_folder, _watch, Simulator, new(_settings)) { _destination = _destination, _isGuest = true };
        await node.StartAsync(changes);
        return node;
    }

    /// <summary>As <see cref="StartAsync((string Name, string Value)[])"/>, for <see cref="ServiceProcess.LimitFiles"/>.</summary>
    public Task StartLimitableAsync() => UseAsync(ServiceProcess.StartLimitable(_folder, _settings));

    /// <summary>Kills the service and starts it again; what Iterable does from then on can be set meanwhile.</summary>
    public async Task CrashAsync(Action? meanwhile = null)
    {
        await Service.KillAsync();
        World.Faults.Clear();
        meanwhile?.Invoke();
        await StartAsync();
    }

    /// <summary>Another connection that keeps the same list.</summary>
    public async Task<Audience> AlsoAsync(Audience audience)
    {
        var connection = await PostAsync("/v2/retl-connections", $$"""
            { "destinationId": "{{_destination}}", "enabled": true, "syncBehaviour": "mirror",
              "identifiers": [ {"from": "EMAIL", "to": "email"}, {"from": "ID", "to": "userId"} ],
              "destinationConfig": { "audienceId": {{audience.List}} } }
            """);
        return new((string)connection["id"]!, audience.List);
    }

    /// <summary>A new list and a connection that keeps it.</summary>
    /// <param name="name">Of the list.</param>
    /// <param name="more">Further members of the connection, as JSON text that begins with a comma.</param>
    public async Task<Audience> AudienceAsync(string name, string more = "")
    {
        _destination ??= await DestinationAsync();
        var connection = await PostAsync("/v2/retl-connections", $$"""
            { "destinationId": "{{_destination}}", "enabled": true, "syncBehaviour": "mirror",
              "identifiers": [ {"from": "EMAIL", "to": "email"}, {"from": "ID", "to": "userId"} ],
              "destinationConfig": { "createList": {"name": "{{name}}", "description": "for a test"} }{{more}} }
            """);
        return new((string)connection["id"]!, (long)connection["destinationConfig"]!["audienceId"]!);
    }

    /// <summary>Pushes and returns the id of the sync.</summary>
    public async Task<string> PushAsync(Audience audience, Rows rows, string query = "")
    {
        using var answer = await SendAsync(HttpMethod.Post, $"/v2/retl-connections/{audience.Connection}/syncs{query}", Body(rows));
        return (string)(await ReadAsync(answer))["syncId"]!;
    }

    /// <summary>Pushes many records and waits for the end, however long it takes, without asking all the time.</summary>
    public async Task<JsonNode> SyncLargeAsync(Audience audience, Rows rows)
    {
        using var answer = await SendAsync(HttpMethod.Post, $"/v2/retl-connections/{audience.Connection}/syncs?wait=60", Body(rows));
        var sync = await ReadAsync(answer);
        var id = (string)(sync["syncId"] ?? sync["id"])!;
        return await Until.AsyncIs($"sync {id}", () => GetSyncAsync(audience, id), s => (string)s["phase"]! == "closed", TimeSpan.FromMinutes(3));
    }

    /// <summary>Pushes and waits for the end.</summary>
    public async Task<JsonNode> SyncAsync(Audience audience, Rows rows) => await ClosedAsync(audience, await PushAsync(audience, rows));

    public Task<JsonNode> GetSyncAsync(Audience audience, string sync) => GetAsync($"/v2/retl-connections/{audience.Connection}/syncs/{sync}");

    public Task<JsonNode> ClosedAsync(Audience audience, string sync) => SyncUntilAsync(audience, sync, s => (string)s["phase"]! == "closed");

    public Task<JsonNode> SyncUntilAsync(Audience audience, string sync, Func<JsonNode, bool> wanted)
        => Until.AsyncIs($"sync {sync}", () => GetSyncAsync(audience, sync), wanted);

    /// <summary>Waits until so many operations of a sync are recorded and so many calls are on the wire that are not answered.</summary>
    public async Task CaughtAsync(Audience audience, string sync, int recorded, int hanging)
    {
        await SyncUntilAsync(audience, sync, s => (long)s["report"]!["progress"]!["sent"]! >= recorded);
        await Until.Is("calls hang", () => World.Log.Entries.Count(c => c is { Fault: not null, AnsweredAt: null }) == hanging);
    }

    /// <summary>The next calls of a kind that name this audience's list hang, after some have gone by.</summary>
    public void Hang(Audience audience, CallKind kind, FaultKind fault, int skip, int times)
        => World.Faults.Add(new FaultRule { Fault = fault, Skip = skip, Times = times, On = new() { Kind = kind, ListId = audience.List } });

    /// <summary>Rows that Iterable was sent for a list, whatever became of the calls.</summary>
    public int RowsSent(Audience audience, CallKind kind) => Calls(audience, kind).Sum(c => c.Count);

    public IEnumerable<RequestLogEntry> Calls(Audience audience, CallKind kind) => World.Log.Entries.Where(c => c.Kind == kind && c.ListId == audience.List);

    public IReadOnlyList<Person> Members(Audience audience) => Project.Members(audience.List);

    /// <summary>What became of each record, without what may differ between two runs.</summary>
    public async Task<List<string>> OutcomesAsync(Audience audience, string sync)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v2/retl-connections/{audience.Connection}/syncs/{sync}/records");
        request.Headers.Accept.Add(new("application/x-ndjson"));
        using var answer = await _http.SendAsync(request, Cancelled);
        var lines = (await answer.EnsureSuccessStatusCode().Content.ReadAsStringAsync(Cancelled)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return [.. lines.Select(l => JsonNode.Parse(l)!).Select(r => $"{r["line"]} {r["primaryKey"]} {r["action"]} {r["outcome"]} {r["reason"]}").Order(StringComparer.Ordinal)];
    }

    /// <summary>The ledger of a connection, read from the store.</summary>
    public List<string> Ledger(Audience audience)
    {
        using var store = OpenStore();
        var hex = store is SqliteConnection ? "hex(value)" : "encode(value, 'hex')";
        var rows = store.Rows(
            $"""
            SELECT 'member ' || key_hash || ' ' || slot || ' ' || state || ' ' || {hex} FROM member JOIN connection c ON c."No" = member.connection WHERE c."Id" = @c
            UNION ALL SELECT 'counts ' || members || ' ' || maybes || ' ' || leaving FROM ledger_count JOIN connection c ON c."No" = ledger_count.connection WHERE c."Id" = @c
            ORDER BY 1
            """,
            r => r.GetString(0),
            ("@c", audience.Connection));
        var (connection, list) = store.Rows("""SELECT "No", "ListNo" FROM connection WHERE "Id" = @c""", r => (r.GetInt64(0), r.GetInt64(1)), ("@c", audience.Connection))[0];
        var holders = HolderView.Read(store, list).Where(h => h.Connection == connection).Select(h => $"holder {h.Hash} {h.KeyHash}");
        return [.. rows, .. holders.Order(StringComparer.Ordinal)];
    }

    /// <summary>The entries of the ledger of a connection as the service reads them, as key, identity and state.</summary>
    public List<string> Entries(Audience audience)
    {
        using var store = OpenStore();
        return store.Rows(
            """SELECT connection, key_hash, slot, state, value FROM member JOIN connection c ON c."No" = member.connection WHERE c."Id" = @c""",
            r => LedgerEntry.Decode(r.GetInt64(0), r.GetInt64(1), r.GetInt32(2), (EntryState)r.GetByte(3), r.Blob(4)),
            ("@c", audience.Connection)).ConvertAll(e => $"{e.KeyText} {e.Identity.Email} {e.Identity.UserId} {e.State}");
    }

    /// <summary>A connection of another program to the store.</summary>
    public DbConnection OpenStore()
    {
        var location = _settings["ConnectionStrings__Store"] + ";Pooling=False";
        DbConnection store = _settings.GetValueOrDefault("Store__Provider") == nameof(StoreKind.PostgreSql) ? new NpgsqlConnection(location) : new SqliteConnection(location);
        store.Open();
        return store;
    }

    /// <summary>Changes the schema of the store, as nobody should.</summary>
    public void Execute(string sql)
    {
        using var store = OpenStore();
        store.Run(sql);
    }

    public async Task<JsonNode> GetAsync(string path)
    {
        using var answer = await SendAsync(HttpMethod.Get, path, null);
        return await ReadAsync(answer);
    }

    public async Task<JsonNode> PostAsync(string path, string json)
    {
        using var answer = await SendAsync(HttpMethod.Post, path, new StringContent(json, Encoding.UTF8, "application/json"));
        return await ReadAsync(answer);
    }

    public async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string path, HttpContent? content, string? idempotencyKey = null, HttpCompletionOption completion = HttpCompletionOption.ResponseContentRead)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        if (idempotencyKey is not null)
            request.Headers.Add("Idempotency-Key", idempotencyKey);
        return await _http.SendAsync(request, completion, Cancelled);
    }

    /// <summary>Begins to download the records of a sync; what comes is read no further than its head.</summary>
    public async Task<HttpResponseMessage> DownloadAsync(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { Accept = { new("application/x-ndjson") } } };
        return (await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancelled)).EnsureSuccessStatusCode();
    }

    public static HttpContent Body(Rows rows) => new ByteArrayContent(rows.Bytes) { Headers = { ContentType = new("application/x-ndjson") } };

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        if (!_isGuest)
            await Simulator.DisposeAsync();
    }

    private static async Task<JsonNode> ReadAsync(HttpResponseMessage answer)
    {
        var text = await answer.Content.ReadAsStringAsync(Cancelled);
        Assert.True(answer.IsSuccessStatusCode, $"{(int)answer.StatusCode}: {text}");
        return JsonNode.Parse(text)!;
    }

    private async Task UseAsync(ServiceProcess service)
    {
        Service = _watch(service);
        await Service.ReadyAsync();
        _http.Dispose();
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = Service.Address };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", ProcessTest.AdminToken);
    }

    private async Task<string> DestinationAsync()
    {
        var account = await PostAsync("/v2/accounts", """
            { "name": "Iterable", "accountDefinitionName": "DESTINATION_ITERABLE_AUDIENCE_API_KEY",
              "options": { "dataCenter": "US", "projectType": "hybrid" }, "secret": { "apiKey": "sim-hybrid" } }
            """);
        var destination = await PostAsync("/v2/destinations", $$"""
            { "name": "Audience", "type": "ITERABLE_AUDIENCE", "enabled": true, "config": { "rudderAccountId": "{{account["id"]}}" } }
            """);
        return (string)destination["destination"]!["id"]!;
    }
}
