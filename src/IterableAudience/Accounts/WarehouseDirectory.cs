using System.Text.Json.Nodes;
using IterableAudience.Store;
using IterableAudience.Warehouses;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace IterableAudience.Accounts;

/// <summary>Finds the warehouse behind an account, with its password decrypted. Nothing is remembered: a changed password counts at once.</summary>
internal sealed class WarehouseDirectory(
    Func<StoreContext> open, AccountSecrets secrets, WarehouseKinds kinds, IOptions<SourcesOptions> options, TimeProvider time)
{
    /// <summary>Opens a session.</summary>
    /// <exception cref="WarehouseException">It can't be reached, or refuses.</exception>
    public async Task<WarehouseSession> OpenAsync(string accountId, SessionMode mode, CancellationToken cancel)
    {
        await using var db = open();
        return await OpenAsync(await db.Accounts.AsNoTracking().SingleAsync(a => a.Id == accountId, cancel), mode, cancel);
    }

    public Task<WarehouseSession> OpenAsync(Account account, SessionMode mode, CancellationToken cancel)
    {
        var kind = kinds.OfAccount(account.DefinitionName)
            ?? throw new WarehouseException(WarehouseException.Failed, $"This program does not know warehouses of the type {account.DefinitionName}.");
        return kind.OpenAsync(new(JsonNode.Parse(account.OptionsJson)!.AsObject(), secrets.Unprotect(account)), mode, cancel);
    }

    /// <summary>A look into a warehouse that somebody waits for.</summary>
    /// <exception cref="WarehouseException">It can't be reached, refuses, or takes too long.</exception>
    public async Task<T> LookAsync<T>(Account account, Func<WarehouseSession, CancellationToken, T> look, CancellationToken cancel)
    {
        using var limit = new CancellationTokenSource(options.Value.BrowseTimeout, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancel);
        try
        {
            // The driver's calls may block, and not all of them can be cancelled.
            return await Task.Run(
                async () =>
                {
                    await using var session = await OpenAsync(account, SessionMode.Read, stop.Token);
                    return look(session, stop.Token);
                },
                CancellationToken.None).WaitAsync(stop.Token);
        }
        catch (OperationCanceledException e) when (!cancel.IsCancellationRequested)
        {
            throw new WarehouseException(
                WarehouseException.Timeout, $"The warehouse did not answer within {options.Value.BrowseTimeout.TotalSeconds:0} seconds, or a sync is reading it; try again later.", e);
        }
    }
}
