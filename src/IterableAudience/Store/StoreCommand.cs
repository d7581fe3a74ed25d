using IterableAudience.Hosting;

namespace IterableAudience.Store;

/// <summary>
/// <c>dotnet IterableAudience.dll store migrate</c>: brings the store's schema up to date and ends, so that a deployment can do it before the nodes start (they would
/// do it themselves). On PostgreSQL it waits for whoever else migrates; an SQLite store must not be open elsewhere. Exit code 0: up to date; 1: not, with the
/// reason on standard error.
/// </summary>
internal static class StoreCommand
{
    public static bool IsMeant(string[] args) => args is ["store", ..];

    /// <exception cref="StartFailure">There is no such command, or a person has to mend something first.</exception>
    public static async Task<int> RunAsync(string[] args)
    {
        if (args is not ["store", "migrate"])
        {
            throw new StartFailure("There is one command for the store: store migrate");
        }

        var builder = WebApplication.CreateBuilder().AddHosting();
        builder.Services.AddStore(builder.Configuration);
        await using var app = builder.Build();
        var applied = await app.Services.OpenStoreAsync();
        var name = app.Services.GetRequiredService<StoreLocation>().Name;
        await System.Console.Out.WriteLineAsync(applied.Count == 0 ? $"The store {name} is up to date." : $"Applied to the store {name}: {string.Join(", ", applied)}.");
        return 0;
    }
}
