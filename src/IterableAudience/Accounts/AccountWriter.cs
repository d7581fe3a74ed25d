using System.Text.Json.Nodes;
using IterableAudience.Store;
using IterableAudience.Warehouses;

namespace IterableAudience.Accounts;

/// <summary>Writes what a request says of an account; the request must be valid.</summary>
internal sealed class AccountWriter(AccountSecrets secrets, StoreSecrets store, WarehouseKinds warehouses, TimeProvider time)
{
    public void Write(Account account, AccountRequest request)
    {
        account.Name = request.Name!;
        account.UpdatedAt = time.GetUtcNow();
        if (warehouses.OfAccount(account.DefinitionName) is { } warehouse)
        {
            var login = request.CheckedBy(warehouse).Login!;
            account.OptionsJson = login.Options.ToJsonString();
            account.ProtectedSecret = secrets.Protect(login.Secret);
            account.ProjectKey = null;
            return;
        }

        account.OptionsJson = request.GivenOptions.OfIterable().ToJson();
        account.ProtectedSecret = secrets.Protect(new JsonObject { ["apiKey"] = request.Secret!.ApiKey });
        account.ProjectKey = store.ProjectKey(request.Secret.ApiKey!);
    }
}
