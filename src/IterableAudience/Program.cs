using IterableAudience.Hosting;
using IterableAudience.Store;

try
{
    var builder = WebApplication.CreateBuilder(args).AddHosting();
    builder.Services.AddStore(builder.Configuration);

    var app = builder.Build();
    app.UseHosting();
    app.MapHealth();
    app.MapTokens();

    await app.OpenStoreAsync();
    await app.Services.GetRequiredService<BootstrapToken>().EnsureAsync(app.Lifetime.ApplicationStopping);
    await app.RunAsync();
    return 0;
}
catch (StartFailure failure)
{
    await Console.Error.WriteLineAsync(failure.Message);
    return 1;
}
