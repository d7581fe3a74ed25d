using System.Net;
using IterableAudience.Simulator;
using IterableAudience.Simulator.Projects;
using IterableAudience.Tests.Stores;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace IterableAudience.Tests.Syncs;

/// <summary>
/// The real service against a simulator of Iterable. Tests share one and don't meet: each makes an <see cref="Audience"/>, with an Iterable project,
/// a key and a list of its own. What concerns the whole service (settings, the clock, the simulator's behaviour) needs a host of its own.
/// </summary>
public sealed class SyncHost : IAsyncLifetime
{
    private static int _projects = 5000;

    public SyncHost(StoreKind store = StoreKind.Sqlite)
    {
        Host = new TestHost(store);
        Host.Settings["Iterable:RequestsPerSecond"] = "10000";
        Host.Settings["Iterable:MaxInFlight"] = "4";
        Host.Settings["Iterable:BackoffBase"] = "00:00:00.002";
        Host.Services = services =>
        {
            services.AddHttpClient("IterableClient").AddHttpMessageHandler(() => Gate);
            if (Clock is { } clock)
                services.AddSingleton<TimeProvider>(clock);
        };
    }

    public TestHost Host { get; }

    public Gate Gate { get; } = new();

    /// <summary>Set it before the first request and the service lives on this clock.</summary>
    internal ShiftedTime? Clock { get; set; }

    internal RunningSimulator Simulator { get; private set; } = null!;

    internal World World => Simulator.World;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    internal static async Task<SyncHost> StartAsync(StoreKind store = StoreKind.Sqlite)
    {
        var sync = new SyncHost(store);
        await sync.InitializeAsync();
        return sync;
    }

    public ValueTask InitializeAsync() => InitializeAsync(TimeProvider.System);

    /// <param name="simulators">The clock of the simulator.</param>
    internal async ValueTask InitializeAsync(TimeProvider simulators)
    {
        Simulator = await SimulatorHost.StartAsync(new SimulatorOptions { LogBodies = true }, simulators, Cancel);
        Host.Settings["Iterable:BaseUrls:US"] = Simulator.BaseUrl.ToString();
        Host.Settings["Iterable:BaseUrls:EU"] = Simulator.EuBaseUrl.ToString();
    }

    /// <summary>Account, destination and connection on a fresh list of a fresh Iterable project.</summary>
    /// <param name="type">Of the project.</param>
    /// <param name="more">Further members of the connection, as JSON text that begins with a comma.</param>
    /// <param name="existingOnly"><c>updateExistingUsersOnly</c>.</param>
    /// <param name="mapped">Whether the connection has a mapping of EMAIL and ID.</param>
    internal async Task<Audience> AudienceAsync(
        SimulatedProjectType type = SimulatedProjectType.Hybrid, string more = "", bool existingOnly = false, bool mapped = true)
    {
        var id = Interlocked.Increment(ref _projects);
        var project = World.AddProject(new ProjectOptions { Id = id, Name = $"P{id}", Type = type, Keys = { [$"api-key-{id}"] = KeyType.ServerSide } });
        var account = (await Host.PostAsync("/v2/accounts", $$$"""
            {"name":"A{{{id}}}","accountDefinitionName":"DESTINATION_ITERABLE_AUDIENCE_API_KEY","options":{"dataCenter":"US","projectType":"{{{Word(type)}}}"},"secret":{"apiKey":"api-key-{{{id}}}"}}
            """)).ShouldBe(HttpStatusCode.Created).Text("id");
        var destination = (await Host.PostAsync("/v2/destinations", $$$"""
            {"name":"D{{{id}}}","type":"ITERABLE_AUDIENCE","enabled":true,"config":{"rudderAccountId":"{{{account}}}"}}
            """)).ShouldBe(HttpStatusCode.Created).Text("destination.id");
        return await ConnectAsync(project, account, destination, project.AddList("Audience").Id, more, existingOnly, mapped);
    }

    internal async Task<Audience> ConnectAsync(
        SimulatedProject project, string account, string destination, long list, string more = "", bool existingOnly = false, bool mapped = true)
    {
        var mapping = !mapped ? "[]" : project.Type switch
        {
            SimulatedProjectType.EmailBased => """[{"from":"EMAIL","to":"email"}]""",
            SimulatedProjectType.UserIdBased => """[{"from":"ID","to":"userId"}]""",
            _ => """[{"from":"EMAIL","to":"email"},{"from":"ID","to":"userId"}]""",
        };
        var connection = (await Host.PostAsync("/v2/retl-connections", $$$"""
            {"destinationId":"{{{destination}}}","syncBehaviour":"mirror","identifiers":{{{mapping}}},
             "destinationConfig":{"audienceId":{{{list}}},"updateExistingUsersOnly":{{{(existingOnly ? "true" : "false")}}} }{{{more}}} }
            """)).ShouldBe(HttpStatusCode.Created).Text("id");
        return new Audience(this, project, account, destination, connection, list);
    }

    public async ValueTask DisposeAsync()
    {
        Gate.Open();
        await Host.DisposeAsync();
        await Simulator.DisposeAsync();
        Gate.Dispose();
    }

    internal static string Word(SimulatedProjectType type) => type switch
    {
        SimulatedProjectType.EmailBased => "email-based",
        SimulatedProjectType.UserIdBased => "userId-based",
        _ => "hybrid",
    };
}

/// <summary>The system's clock, some time ahead; unlike a fake one it goes on by itself.</summary>
internal sealed class ShiftedTime : TimeProvider
{
    public TimeSpan Ahead { get; set; }

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Ahead;
}
