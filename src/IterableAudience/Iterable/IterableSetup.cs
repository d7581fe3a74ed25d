namespace IterableAudience.Iterable;

/// <summary>Puts the slice together.</summary>
public static class IterableSetup
{
    public static IServiceCollection AddIterable(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<IterableOptions>().Bind(configuration.GetSection(IterableOptions.Section)).ValidateOnStart();
        services.AddSingleton<BatchSender>();
        services.AddSingleton<IterableClient>();
        return services;
    }
}
