using System.Net;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace IterableAudience.Iterable;

/// <summary>Puts the slice together: options, client, pacing, resilience.</summary>
public static class IterableSetup
{
    /// <summary>Registers <see cref="IterableClient"/> and what sends batches. Needs the section <see cref="IterableOptions.Section"/> only where a default doesn't fit.</summary>
    public static IServiceCollection AddIterable(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<IterableOptions>().Bind(configuration.GetSection(IterableOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<IterableOptions>, OptionsValidator>();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(new LiveNodes(static () => 1));
        services.TryAddSingleton(s => BudgetSource.Process(s.GetRequiredService<TimeProvider>()));
        services.AddSingleton(s => new LastCall(s.GetRequiredService<TimeProvider>(), s.GetService<IHostApplicationLifetime>()?.ApplicationStopping ?? CancellationToken.None));
        services.AddSingleton<ProjectPacers>();
        services.AddHostedService<PaceGauges>();
        services.AddSingleton<ListsCache>();
        services.AddSingleton<IterableResilience>();
        services.AddTransient<AttemptHandler>();
        services.AddTransient<BatchSender>();
        services.AddHttpClient<IterableClient, IterableClient>((http, provider) =>
            {
                http.Timeout = Timeout.InfiniteTimeSpan; // each attempt has its own
                return new IterableClient(http, provider.GetRequiredService<IOptions<IterableOptions>>(), provider.GetRequiredService<ListsCache>());
            })
            .ConfigurePrimaryHttpMessageHandler(Connections)
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan) // the connections above are renewed by themselves
            .RemoveAllLoggers() // they would log each request; the request log does, without its secrets
            .AddPolicyHandler((provider, _) => provider.GetRequiredService<IterableResilience>().Policy)
            .AddHttpMessageHandler<AttemptHandler>();
        services.AddSingleton<ListReader>();
        services.AddHttpClient(ListReader.ClientName, http => http.Timeout = Timeout.InfiniteTimeSpan) // a list is read for as long as it comes
            .ConfigurePrimaryHttpMessageHandler(Connections)
            .RemoveAllLoggers();
        return services;
    }

    private static SocketsHttpHandler Connections() => new()
    {
        AllowAutoRedirect = false, // a redirect would carry the key elsewhere
        UseCookies = false,
        ActivityHeadersPropagator = null, // our spans are nobody's business there
        AutomaticDecompression = DecompressionMethods.All,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
    };

    private sealed class OptionsValidator : IValidateOptions<IterableOptions>
    {
        public ValidateOptionsResult Validate(string? name, IterableOptions options)
        {
            var faults = options.Faults().ToList();
            return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
        }
    }
}
