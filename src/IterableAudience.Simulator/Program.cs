namespace IterableAudience.Simulator;

internal static class SimulatorProgram
{
    private const string DefaultUrl = "http://127.0.0.1:8090";

    private static async Task<int> Main(string[] args)
    {
        var configuration = new ConfigurationBuilder()
            .AddJsonFile(Path.Combine(AppContext.BaseDirectory, "appsettings.json"), optional: true)
            .AddEnvironmentVariables()
            .AddCommandLine(args)
            .Build();
        var options = new SimulatorOptions { Url = configuration["urls"] ?? configuration["ASPNETCORE_URLS"] ?? DefaultUrl };
        try
        {
            configuration.GetSection("Simulator").Bind(options, binder => binder.ErrorOnUnknownConfiguration = true);
        }
        catch (InvalidOperationException exception)
        {
            await Console.Error.WriteLineAsync($"The settings can't be read: {exception.Message}");
            return 1;
        }

        await using var simulator = await SimulatorHost.StartAsync(options, CancellationToken.None);
        await Console.Out.WriteLineAsync($"Simulator listening on {simulator.BaseUrl.ToString().TrimEnd('/')}");
        await simulator.WaitForShutdownAsync();
        return 0;
    }
}
