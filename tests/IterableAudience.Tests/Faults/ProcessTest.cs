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

    protected string Folder { get; } = Directory.CreateTempSubdirectory("iterable-audience-").FullName;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
            await process.DisposeAsync();
        foreach (var owned in _owned)
            await owned.DisposeAsync();
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

    private protected async Task<Site> SiteAsync(params (string Name, string Value)[] settings)
        => Own(await Site.StartAsync(Folder, Watch, settings));

    /// <summary>The settings of a service whose store and keys are in the folder.</summary>
    private protected Dictionary<string, string> Settings(params (string Name, string Value)[] more) => Site.SettingsOf(Folder, more);

    private static bool Tells(string line)
        => new[] { ApiKey, AdminToken, "@example.", Rows.KeyPrefix, Rows.UserIdPrefix, Rows.Padded }.Any(secret => line.Contains(secret, StringComparison.OrdinalIgnoreCase));
}
