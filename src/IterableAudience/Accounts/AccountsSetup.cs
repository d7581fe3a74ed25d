using IterableAudience.Hosting;
using IterableAudience.Iterable;
using IterableAudience.Store;

namespace IterableAudience.Accounts;

internal static class AccountsSetup
{
    public static IServiceCollection AddAccounts(this IServiceCollection services)
        => services
            .AddSingleton<AccountSecrets>()
            .AddSingleton<ProjectDirectory>()
            .AddSingleton<ListMaker>()
            // The text of the failure is made for operators and holds no values.
            .AddProblem<IterableFailureException>(e => ProblemAnswer.BadGateway(e.Message).With("reason", Word(e.Category)))
            .AddLiveId("{accountId}", "/v2/accounts/{id}", db => db.Accounts
                .Where(a => a.ProjectKey != null).OrderByDescending(a => a.CreatedAt).Select(a => a.Id).FirstOrDefault());

    /// <summary>Reads every stored secret once; see <see cref="AccountSecrets.CheckAsync"/>.</summary>
    public static async Task CheckAccountsAsync(this WebApplication app)
    {
        await using var db = app.Services.GetRequiredService<Func<StoreContext>>()();
        await app.Services.GetRequiredService<AccountSecrets>().CheckAsync(db, app.Lifetime.ApplicationStopping);
    }

    private static string Word(FailureCategory category) => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(category.ToString());
}
