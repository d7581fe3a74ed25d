using IterableAudience.Simulator.Projects;

namespace IterableAudience.Simulator;

/// <summary>A simulator that listens. Disposing stops it; calls that hang are cut off.</summary>
internal sealed class RunningSimulator(WebApplication app, World world) : IAsyncDisposable
{
    /// <summary>Where the US data center answers.</summary>
    public Uri BaseUrl { get; } = new(app.Urls.First());

    /// <summary>Where the European data center answers.</summary>
    public Uri EuBaseUrl => new(BaseUrl, "/eu");

    public World World { get; } = world;

    public Task WaitForShutdownAsync(CancellationToken cancellationToken = default) => app.WaitForShutdownAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
    }
}
