using System.Security.Cryptography;

namespace IterableAudience.Demo.Driving;

/// <summary>The service and a simulator of Iterable, fresh, on free ports of this machine, with everything that they write in one temporary folder.</summary>
internal sealed class Installation : IAsyncDisposable
{
    private readonly List<ChildProcess> nodes = [];
    private readonly List<JsonClient> clients = [];
    private readonly string folder = Directory.CreateTempSubdirectory("iterable-audience-").FullName;

    private Dictionary<string, string> settings = [];

    private Installation()
    {
        ServiceAddress = ChildProcess.FreeAddress();
        SimulatorAddress = ChildProcess.FreeAddress();
        Service = new(ServiceAddress, AdminToken);
        Simulator = new(SimulatorAddress);
    }

    /// <summary>Where the processes run and what they write is.</summary>
    public string Folder => folder;

    /// <summary>The file of an SQLite store.</summary>
    public string StoreFile => Path.Combine(folder, "store.db");

    public Uri ServiceAddress { get; }

    public Uri SimulatorAddress { get; }

    /// <summary>Made up for this run.</summary>
    public string AdminToken { get; } = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(20));

    public JsonClient Service { get; }

    public SimulatorClient Simulator { get; }

    public ChildProcess? ServiceProcess { get; private set; }

    public ChildProcess? SimulatorProcess { get; private set; }

    /// <summary>Starts both and waits until they answer.</summary>
    /// <param name="settings">Settings of the service, besides those that say where everything is, or instead of them.</param>
    public static async Task<Installation> StartAsync(string service, string simulator, IReadOnlyDictionary<string, string> settings, CancellationToken cancellation)
    {
        var installation = new Installation();
        try
        {
            await installation.StartBothAsync(service, simulator, settings, cancellation);
            return installation;
        }
        catch
        {
            await installation.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts another service on the same store (one that several may share) and waits until it answers.</summary>
    /// <returns>Talks to it; disposed with the installation, as the service is.</returns>
    public async Task<JsonClient> StartNodeAsync(string service, CancellationToken cancellation)
    {
        var address = ChildProcess.FreeAddress();
        var node = ChildProcess.Start(
            $"service{nodes.Count + 2}", service, folder, new Dictionary<string, string>(settings) { ["ASPNETCORE_URLS"] = address.OriginalString });
        nodes.Add(node);
        await node.ReadyAsync(new(address, "/health/ready"), cancellation);
        clients.Add(new(address, AdminToken));
        return clients[^1];
    }

    /// <summary>Stops the service and starts it anew on the same store.</summary>
    public Task RestartAsync(string service, CancellationToken cancellation) => RestartAsync(service, () => { }, cancellation);

    /// <summary>The same, with something done to the store while nobody has it open.</summary>
    public async Task RestartAsync(string service, Action meanwhile, CancellationToken cancellation)
    {
        await ServiceProcess!.DisposeAsync();
        meanwhile();
        ServiceProcess = ChildProcess.Start("service-again", service, folder, settings);
        await ServiceProcess.ReadyAsync(new(ServiceAddress, "/health/ready"), cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        Service.Dispose();
        Simulator.Dispose();
        clients.ForEach(c => c.Dispose());
        ChildProcess?[] all = [ServiceProcess, .. nodes, SimulatorProcess];
        foreach (var process in all.OfType<ChildProcess>())
        {
            await process.DisposeAsync();
        }

        Directory.Delete(folder, recursive: true);
    }

    private async Task StartBothAsync(string service, string simulator, IReadOnlyDictionary<string, string> changes, CancellationToken cancellation)
    {
        SimulatorProcess = ChildProcess.Start("simulator", simulator, folder, new Dictionary<string, string> { ["Simulator__Url"] = SimulatorAddress.OriginalString });
        settings = new()
        {
            ["ASPNETCORE_URLS"] = ServiceAddress.OriginalString,
            ["ASPNETCORE_ENVIRONMENT"] = "Production",
            ["Store__Provider"] = "Sqlite",
            ["ConnectionStrings__Store"] = $"Data Source={StoreFile}",
            ["Security__AdminToken"] = AdminToken,
            ["Security__KeyRing"] = Path.Combine(folder, "keys"),
            ["Iterable__BaseUrls__US"] = SimulatorAddress.OriginalString,
            ["Iterable__BaseUrls__EU"] = SimulatorAddress.OriginalString,
            ["Sources__DuckDb__Root"] = Path.Combine(folder, "warehouse"),
            // Swagger UI of --keep fills its examples with ids that exist.
            ["Documents__LiveExamples"] = "true",
        };
        foreach (var (name, value) in changes)
        {
            settings[name] = value;
        }

        ServiceProcess = ChildProcess.Start("service", service, folder, settings);
        await SimulatorProcess.ReadyAsync(new(SimulatorAddress, "/"), cancellation);
        await ServiceProcess.ReadyAsync(new(ServiceAddress, "/health/ready"), cancellation);
    }
}
