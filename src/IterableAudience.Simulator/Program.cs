namespace IterableAudience.Simulator;

internal static class SimulatorProgram
{
    private static async Task Main(string[] args)
    {
        var app = WebApplication.CreateBuilder(args).Build();
        await app.RunAsync();
    }
}
