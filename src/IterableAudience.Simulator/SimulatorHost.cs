using IterableAudience.Simulator.Api;
using IterableAudience.Simulator.Control;
using IterableAudience.Simulator.Projects;

namespace IterableAudience.Simulator;

/// <summary>Starts a simulator, in the program as in a test or a benchmark.</summary>
internal static class SimulatorHost
{
    public static Task<RunningSimulator> StartAsync(SimulatorOptions options, CancellationToken cancellationToken)
        => StartAsync(options, TimeProvider.System, cancellationToken);

    /// <summary>Starts with a clock of its own: rate limits, delays, new lists and late memberships go by it.</summary>
    public static async Task<RunningSimulator> StartAsync(SimulatorOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        // NOTE: no arguments and no configuration of the process: a test host's settings must not reach into the simulator.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.AddConsole().SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.UseKestrelCore().UseUrls(options.Url).ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null; // the simulator answers 413 itself
        });
        builder.Services.AddRoutingCore();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(2));
        builder.Services.ConfigureHttpJsonOptions(json => ControlJson.Configure(json.SerializerOptions));

        var app = builder.Build();
        var world = new World(options, time);
        app.UsePathBase("/eu");
        app.UseRouting();
        app.MapApi(new ApiPipeline(world, app.Lifetime));
        app.MapControl(world);
        await app.StartAsync(cancellationToken);
        return new RunningSimulator(app, world);
    }
}
