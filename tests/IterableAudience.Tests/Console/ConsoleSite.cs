using DuckDB.NET.Data;
using IterableAudience.Simulator;
using IterableAudience.Simulator.Api;
using IterableAudience.Tests.Faults;
using Microsoft.Data.Sqlite;
using Xunit;

namespace IterableAudience.Tests.Console;

/// <summary>
/// One published service and the simulator that it talks to, for the tests of a class: <c>IClassFixture&lt;ConsoleSite&gt;</c>. It runs in a temporary folder of its
/// own, not in the program's: an operator may start it from anywhere, too. Where there is no browser there is no site.
/// </summary>
public sealed class ConsoleSite : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("iterable-audience-").FullName;
    private readonly List<ServiceProcess> _processes = [];
    private Site? _site;

    public static string AdminToken => ProcessTest.AdminToken;

    public Uri Address => Site.Service.Address;

    /// <summary>Has the admin's token.</summary>
    public HttpClient Api => Site.Http;

    /// <summary>People in all subscribe calls so far.</summary>
    internal int SubscribersSent => Simulator.World.Log.Entries.Where(c => c.Kind == CallKind.Subscribe).Sum(c => c.Count);

    /// <summary>A DuckDB file in the folder that warehouse accounts may open.</summary>
    internal void Warehouse(string name, string sql)
    {
        Browser.Require();
        Directory.CreateDirectory(Path.Combine(_folder, "data", "warehouse"));
        using var connection = new DuckDBConnection($"Data Source={Path.Combine(_folder, "data", "warehouse", name)}");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    /// <summary>The list of the only connection.</summary>
    internal async Task<long> OnlyListAsync() => (long)(await Site.GetAsync("/v2/retl-connections"))["data"]![0]!["destinationConfig"]!["audienceId"]!;

    /// <summary>Makes audiences, pushes to them, stops and starts the service. Without a browser the test that asks is skipped, or fails in CI.</summary>
    internal Site Site
    {
        get
        {
            Browser.Require();
            return _site!;
        }
    }

    /// <summary>Its world is what Iterable holds, was asked and answers.</summary>
    internal RunningSimulator Simulator => Site.Simulator;

    public async ValueTask InitializeAsync()
    {
        if (Browser.Missing is not null)
        {
            return;
        }

        try
        {
            _site = await Site.StartPublishedAsync(_folder, Watch, ("Iterable__RequestsPerSecond", "1000"), ("Iterable__BackoffBase", "00:00:00.010"));
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            await process.DisposeAsync();
        }

        if (_site is not null)
        {
            await _site.DisposeAsync();
        }

        SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
        Assert.DoesNotContain(_processes.SelectMany(p => p.Output.Concat(p.Error)), ProcessTest.Tells);
    }

    private ServiceProcess Watch(ServiceProcess process)
    {
        _processes.Add(process);
        return process;
    }
}
