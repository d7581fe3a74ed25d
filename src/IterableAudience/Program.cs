using IterableAudience.Accounts;
using IterableAudience.Connections;
using IterableAudience.Console;
using IterableAudience.Destinations;
using IterableAudience.Hosting;
using IterableAudience.Iterable;
using IterableAudience.Sources;
using IterableAudience.Store;
using IterableAudience.Syncs;
using IterableAudience.Warehouses;

if (args is [HealthCheckCommand.Argument])
    return await HealthCheckCommand.RunAsync();

try
{
    if (StoreCommand.IsMeant(args))
        return await StoreCommand.RunAsync(args);

    // Settings are read once. Who waits for appsettings.json to change is woken by every write below its folder, and that is where an SQLite store is.
    var builder = WebApplication.CreateBuilder(ConsoleFiles.Options([.. args, "--hostBuilder:reloadConfigOnChange=false"])).AddHosting();
    builder.WebHost.UseStaticWebAssets(); // where it was built, not published, the pages' files are in the sources
    builder.Services.AddStore(builder.Configuration);
    builder.Services.AddIterable(builder.Configuration);
    builder.Services.AddWarehouses(builder.Configuration);
    builder.Services.AddAccounts();
    builder.Services.AddDestinations();
    builder.Services.AddRetlSources();
    builder.Services.AddRetlConnections();
    builder.Services.AddSyncs(builder.Configuration);
    builder.Services.AddConsole();

    var app = builder.Build();
    app.UseHosting();
    app.MapHealth();
    app.MapTokens();
    app.MapAccounts();
    app.MapDestinations();
    app.MapSources();
    app.MapConnections();
    app.MapSyncs();
    app.MapConsole();

    await app.Services.OpenStoreAsync(app.Lifetime.ApplicationStopping);
    await app.CheckAccountsAsync();
    await app.Services.GetRequiredService<BootstrapToken>().EnsureAsync(app.Lifetime.ApplicationStopping);
    await app.RunAsync();
    return 0;
}
catch (Exception e) when (StartFailure.Explain(e) is { } message)
{
    await System.Console.Error.WriteLineAsync(message);
    return 1;
}
