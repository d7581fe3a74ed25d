using System.Net;
using IterableAudience.Iterable;
using IterableAudience.Simulator.Api;
using IterableAudience.Simulator.Projects;
using IterableAudience.Store;
using IterableAudience.Tests.Faults;
using IterableAudience.Tests.Iterable;
using IterableAudience.Tests.Stores;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using Arrived = IterableAudience.Simulator.Control.RequestLogEntry;

namespace IterableAudience.Tests.Syncs;

/// <summary>What the options of an account say of its pace counts at Iterable; accounts with the same API key have one budget together, others each its own.</summary>
public sealed class AccountPaceTests : IAsyncDisposable
{
    private const string OneInMinutes = "\"requestsPerSecond\":0.005";

    private readonly List<SyncHost> _later = [];
    private SyncHost _sync = null!;
    private int _names;

    private ProjectPacers Pacers => PacersOf(_later.LastOrDefault() ?? _sync);

    [Theory]
    [StoreData]
    public async Task Two_accounts_with_one_key_have_one_budget(StoreKind store)
    {
        await StartAsync(store);
        var project = Project("key");
        Audience[] both = [await AudienceAsync(project, "key"), await AudienceAsync(project, "key")];
        await SlowDownAsync("key", both);
        var syncs = await PushAsync(await ForgetStartsAsync(both));

        // Of four batches one has its turn.
        await Until.Is("the others wait", () => Pacers.All.Sum(p => p.Status.Waiting) == 3);
        Assert.Single(Pacers.All);
        await AssertSentAsync(1, both, syncs);
    }

    [Theory]
    [StoreData]
    public async Task Two_accounts_with_different_keys_have_a_budget_each(StoreKind store)
    {
        await StartAsync(store);
        Audience[] both = [await AudienceAsync(Project("one"), "one"), await AudienceAsync(Project("other"), "other")];
        await SlowDownAsync("one", both[0]);
        await SlowDownAsync("other", both[1]);
        var syncs = await PushAsync(await ForgetStartsAsync(both));

        await Until.Is("the second batch of each waits", () => Pacers.All.Count() == 2 && Pacers.All.All(p => p.Status.Waiting == 1));
        await AssertSentAsync(2, both, syncs);
    }

    [PostgresFact]
    public async Task Two_accounts_with_one_key_have_one_budget_over_two_nodes()
    {
        await StartAsync(StoreKind.PostgreSql);
        var project = Project("key");
        Audience[] both = [await AudienceAsync(project, "key"), await AudienceAsync(project, "key")];
        await SlowDownAsync("key", both);
        await ForgetStartsAsync(both);
        both[1] = both[1] with { Sync = await NodeAsync() };
        var syncs = await PushAsync(both);

        await Until.Is("the others wait", () => _later.SelectMany(s => PacersOf(s).All).Sum(p => p.Status.Waiting) == 3);
        await AssertSentAsync(1, both, syncs);
    }

    /// <summary>Service and simulator live on one clock, which is turned when all that may have started has arrived and the next one waits.</summary>
    [Fact]
    public async Task As_many_requests_a_second_reach_Iterable_as_the_account_allows()
    {
        const int Batches = 10;
        await StartAsync(StoreKind.Sqlite);
        var audience = await AudienceAsync(Project("key"), "key", "\"requestsPerSecond\":4");
        var before = Pacers.All.Single().Status.Started;
        var sync = await audience.StartAsync(Row.People(1_000 * Batches));
        while (audience.Requests.Count < Batches)
        {
            await Until.Is("whoever is on the wire has arrived", () =>
            {
                var (status, arrived) = (Pacers.All.Single().Status, audience.Requests);
                return arrived.Count == status.Started - before && Open(arrived) == 0 && (status.Waiting > 0 || arrived.Count == Batches);
            });
            Time.Advance(TimeSpan.FromMilliseconds(1));
        }

        List<double> starts = [.. audience.Requests.Select(r => (r.At - audience.Requests[0].At).TotalSeconds)];
        Assert.Null(PaceSimulation.Excess(starts, 4));
        Assert.InRange(starts[^1], (Batches - 1) / 4.0, 1.01 * (Batches - 1) / 4.0);
        Assert.Equal("completed", (await audience.EndOfAsync(sync)).Outcome);
    }

    /// <summary>The simulator answers when its clock is turned: when all that may be on the wire is there and the next one waits.</summary>
    [Theory]
    [StoreData]
    public async Task As_many_requests_are_on_the_wire_as_the_account_allows(StoreKind store)
    {
        const int Batches = 6;
        await StartAsync(store, ownClock: false);
        var audience = await AudienceAsync(Project("key"), "key", "\"maxInFlight\":2,\"requestsPerSecond\":1000");
        _sync.World.Behaviour = _sync.World.Behaviour with { DelayMs = 1_000 };
        var sync = await audience.StartAsync(Row.People(1_000 * Batches));
        var most = 0;
        while (audience.Requests.Count - Open(audience.Requests) < Batches)
        {
            var onTheWire = 0;
            await Until.Is("whoever may is on the wire", () =>
            {
                var (status, arrived) = (Pacers.All.Single().Status, audience.Requests);
                onTheWire = Open(arrived);
                return onTheWire == status.InFlight && (status.Waiting > 0 || arrived.Count == Batches);
            });
            most = Math.Max(most, onTheWire);
            Time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(2, most);
        Assert.Equal("completed", (await audience.EndOfAsync(sync)).Outcome);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _later)
            await node.DisposeAsync();
        await _sync.DisposeAsync();
    }

    private FakeTimeProvider Time { get; } = new(TimeProvider.System.GetUtcNow());

    private static int Open(IEnumerable<Arrived> requests) => requests.Count(r => r.AnsweredAt is null);

    /// <summary>The simulator lives on a clock of the test's, and the service as well if it may and its budget isn't on the database's clock.</summary>
    private async Task StartAsync(StoreKind store, bool ownClock = true)
    {
        _sync = new SyncHost(store) { Host = { Time = ownClock && store == StoreKind.Sqlite ? Time : null } };
        await _sync.InitializeAsync(Time);
    }

    private SimulatedProject Project(string key)
        => _sync.World.AddProject(new ProjectOptions { Id = 7_000 + _sync.World.Projects.Count, Name = key, Type = SimulatedProjectType.Hybrid, Keys = { [key] = KeyType.ServerSide } });

    /// <summary>An account with these options, and a connection of it to a list of its own.</summary>
    private async Task<Audience> AudienceAsync(SimulatedProject project, string key, string options = "\"requestsPerSecond\":1000")
    {
        var account = (await _sync.Host.PostAsync("/v2/accounts", Account(key, options))).ShouldBe(HttpStatusCode.Created).Text("id");
        var destination = (await _sync.Host.PostAsync("/v2/destinations", $$$"""
            {"name":"D {{{account}}}","type":"ITERABLE_AUDIENCE","enabled":true,"config":{"rudderAccountId":"{{{account}}}"}}
            """)).ShouldBe(HttpStatusCode.Created).Text("destination.id");
        Time.Advance(TimeSpan.FromSeconds(1)); // a request for the project's lists comes now, and perhaps not as the first one
        return await _sync.ConnectAsync(project, account, destination, project.AddList("Audience").Id);
    }

    private string Account(string key, string options) => $$$"""
        {"name":"A{{{_names++}}}","accountDefinitionName":"DESTINATION_ITERABLE_AUDIENCE_API_KEY","options":{"dataCenter":"US","projectType":"hybrid",{{{options}}}},"secret":{"apiKey":"{{{key}}}"}}
        """;

    private static ProjectPacers PacersOf(SyncHost node) => node.Host.Provider.GetRequiredService<ProjectPacers>();

    /// <summary>From now on the accounts allow one request in some minutes.</summary>
    private async Task SlowDownAsync(string key, params Audience[] audiences)
    {
        foreach (var audience in audiences)
            (await _sync.Host.PutAsync($"/v2/accounts/{audience.Account}", Account(key, OneInMinutes))).ShouldBe(HttpStatusCode.OK);
    }

    /// <summary>The requests that made the connections were an hour ago: the clock is turned, or, where it is the database's, the row is, and a new node knows no other.</summary>
    private async Task<Audience[]> ForgetStartsAsync(Audience[] audiences)
    {
        if (_sync.Host.Store.Kind == StoreKind.Sqlite)
        {
            Time.Advance(TimeSpan.FromHours(1));
            return audiences;
        }

        await _sync.Host.Provider.GetRequiredService<LeanStore>().WriteAsync(w => w.Run("UPDATE rate_budget SET last_at = last_at - 3600000000"), durable: false, TestContext.Current.CancellationToken);
        await _sync.Host.StopAsync();
        var node = await NodeAsync();
        foreach (ref var audience in audiences.AsSpan())
            audience = audience with { Sync = node };
        return audiences;
    }

    /// <summary>A further node on the store, whose Iterable is the simulator of the first.</summary>
    private async Task<SyncHost> NodeAsync()
    {
        var node = new SyncHost();
        await node.InitializeAsync();
        _later.Add(node);
        node.Host.On(_sync.Host).Settings["Iterable:BaseUrls:US"] = _sync.Simulator.BaseUrl.ToString();
        return node;
    }

    private static Task<string[]> PushAsync(Audience[] audiences) => Task.WhenAll(audiences.Select(a => a.StartAsync(Row.People(1_500))));

    /// <summary>Ends the syncs; so many batches have reached Iterable by then.</summary>
    private async Task AssertSentAsync(int batches, Audience[] audiences, string[] syncs)
    {
        foreach (var (audience, sync) in audiences.Zip(syncs))
        {
            (await audience.Host.PostAsync($"{audience.Url}/syncs/{sync}/cancel", null, "operator")).ShouldBe(HttpStatusCode.NoContent);
            Assert.Equal("cancelled", (await audience.EndOfAsync(sync)).Outcome);
        }

        Assert.Equal(batches, _sync.World.Log.Entries.Count(e => e.Kind == CallKind.Subscribe));
    }
}
