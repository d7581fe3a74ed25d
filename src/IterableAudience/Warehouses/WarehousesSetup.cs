using IterableAudience.Hosting;
using IterableAudience.Warehouses.DuckDb;
using IterableAudience.Warehouses.Postgres;
using Microsoft.Extensions.Options;

namespace IterableAudience.Warehouses;

internal static class WarehousesSetup
{
    public static IServiceCollection AddWarehouses(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<SourcesOptions>().Bind(configuration.GetSection(SourcesOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<SourcesOptions>, OptionFaults>();
        services.AddSingleton<WarehouseKinds>();
        // The text is made for operators and holds no values.
        services.AddProblem<WarehouseException>(e => ProblemAnswer.BadGateway(e.Message).With("reason", e.Reason));

        services.AddSingleton<IWarehouse, PostgresWarehouse>();
        services.AddSingleton<DuckDbFiles>().AddSingleton<IWarehouse, DuckDbWarehouse>();
        return services;
    }

    private sealed class OptionFaults : IValidateOptions<SourcesOptions>
    {
        public ValidateOptionsResult Validate(string? name, SourcesOptions options)
        {
            var faults = options.Faults().ToList();
            return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
        }
    }
}
