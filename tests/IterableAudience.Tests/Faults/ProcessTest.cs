using IterableAudience.Tests.Stores;
using Xunit;

namespace IterableAudience.Tests.Faults;

/// <summary>
/// A test with services as processes of their own, in a temporary folder. Whatever such a test does: no line that a process wrote holds an API key,
/// a token, an address, a userId or a row key.
/// </summary>
[Collection("Processes")]
public abstract class ProcessTest : IAsyncLifetime
{
    public const string AdminToken = "fault-admin-token-0123456789";

    private readonly List<ServiceProcess> _processes = [];
    private readonly List<IAsyncDisposable> _owned = [];

    /// <summary>Of the simulator's hybrid project.</summary>
    protected static string ApiKey => "sim-hybrid";

    /// <summary>The store of the site, unless a setting names another one.</summary>
    private protected TestStore? Store { get; private set; }

    protected string Folder { get; } = Directory.CreateTempSubdirectory("iterable-audience-").FullName;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
            await process.DisposeAsync();
        foreach (var owned in _owned)
            await owned.DisposeAsync();
        Store?.Delete();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(Folder, recursive: true);
        Assert.DoesNotContain(_processes.SelectMany(p => p.Output.Concat(p.Error)), Tells);
        GC.SuppressFinalize(this);
    }

    private protected T Own<T>(T owned)
        where T : IAsyncDisposable
    {
        _owned.Add(owned);
        return owned;
    }

    private protected ServiceProcess Watch(ServiceProcess process)
    {
        _processes.Add(process);
        return process;
    }

    /// <summary>Makes the store of a site before the site, so that a test knows where it is.</summary>
    private protected TestStore NewStore(StoreKind store) => Store = new TestStore(store, Folder);

    private protected Task<Site> SiteAsync(params (string Name, string Value)[] settings) => SiteAsync(StoreKind.Sqlite, settings);

    private protected async Task<Site> SiteAsync(StoreKind store, params (string Name, string Value)[] settings)
    {
        var made = Store ?? NewStore(store);
        // On PostgreSQL whoever takes over what a killed process has begun first waits until nothing of that can be on the wire any more.
        (string, string)[] own = [("ConnectionStrings__Store", made.ConnectionString), .. store == StoreKind.PostgreSql ? [("Iterable__AttemptTimeout", "00:00:03")] : Array.Empty<(string, string)>()];
        return Own(await Site.StartAsync(Folder, store, Watch, [.. own, .. settings]));
    }

    /// <summary>The settings of a service whose store and keys are in the folder.</summary>
    private protected Dictionary<string, string> Settings(params (string Name, string Value)[] more) => Site.SettingsOf(Folder, more);

    /// <summary>Whether a line that a process wrote holds what none may hold.</summary>
    internal static bool Tells(string line)
        => new[] { ApiKey, AdminToken, "@example.", Rows.KeyPrefix, Rows.UserIdPrefix, Rows.Padded }.Any(secret => line.Contains(secret, StringComparison.OrdinalIgnoreCase));
}
