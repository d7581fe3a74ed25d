using IterableAudience.Hosting;
using IterableAudience.Iterable;
using IterableAudience.Store;
using Npgsql;

namespace IterableAudience.Accounts;

internal static class AccountsSetup
{
    public static IServiceCollection AddAccounts(this IServiceCollection services)
        => services
            .AddSingleton<AccountDefinitions>()
            .AddSingleton<AccountSecrets>()
            .AddSingleton<AccountWriter>()
            .AddSingleton<ProjectDirectory>()
            .AddSingleton<WarehouseDirectory>()
            .AddSingleton<ListMaker>()
            .AddSingleton(Budgets)
            // The text of the failure is made for operators and holds no values.
            .AddProblem<IterableFailureException>(e => ProblemAnswer.BadGateway(e.Message).With("reason", Word(e.Category)))
            .AddLiveId("{warehouseId}", "/v2/accounts/{id}/schemas", db => db.Accounts
                .Where(a => a.ProjectKey == null).OrderByDescending(a => a.CreatedAt).Select(a => a.Id).FirstOrDefault())
            .AddLiveId("{schema}", null, _ => "main")
            .AddLiveId("{table}", null, _ => "customers")
            .AddLiveId("{accountId}", "/v2/accounts/{id}", db => db.Accounts
                .Where(a => a.ProjectKey != null).OrderByDescending(a => a.CreatedAt).Select(a => a.Id).FirstOrDefault());

    /// <summary>Reads every stored secret once; see <see cref="AccountSecrets.CheckAsync"/>.</summary>
    public static async Task CheckAccountsAsync(this WebApplication app)
    {
        await using var db = app.Services.GetRequiredService<Func<StoreContext>>()();
        await app.Services.GetRequiredService<AccountSecrets>().CheckAsync(db, app.Lifetime.ApplicationStopping);
    }

    /// <summary>Nodes that share a store share the budgets in it. An embedded store has one node, which keeps them in memory.</summary>
    private static BudgetSource Budgets(IServiceProvider services)
    {
        var time = services.GetRequiredService<TimeProvider>();
        if (!services.GetRequiredService<StoreLocation>().IsPostgres)
            return BudgetSource.Process(time);
        var source = services.GetRequiredService<NpgsqlDataSource>();
        return new(project => new StoreBudget(source, project, time), services.GetRequiredService<LiveNodes>().Count);
    }

    private static string Word(FailureCategory category) => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(category.ToString());
}
