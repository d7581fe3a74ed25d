using System.Net;
using IterableAudience.Store;
using IterableAudience.Tests.Stores;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace IterableAudience.Tests.Syncs;

/// <summary>The store fails for a moment: no connection stays claimed by a sync that nobody works on.</summary>
public sealed class StoreInTroubleTests : IAsyncDisposable
{
    private SyncHost _sync = null!;

    [Theory]
    [StoreData]
    public async Task A_push_that_can_not_begin_to_stage_frees_its_connection_when_the_store_is_back(StoreKind store)
    {
        _sync = await SyncHost.StartAsync(store);
        var audience = await _sync.AudienceAsync();
        await audience.PushAsync(Row.People(1));
        await ExecuteAsync("ALTER TABLE account RENAME TO elsewhere");
        Assert.True((await audience.SendAsync(Audience.Body(Row.People(1)))).Status >= HttpStatusCode.InternalServerError);
        var id = (string)(await audience.Host.GetAsync($"{audience.Url}/syncs", "viewer")).Json["syncs"]![0]!["id"]!;

        await ExecuteAsync("ALTER TABLE elsewhere RENAME TO account");
        var ended = await audience.EndOfAsync(id);

        Assert.Equal(("aborted", ""), (ended.Outcome, ended.Outcomes));
        Assert.Equal("completed", (await audience.PushAsync(Row.People(2))).Outcome);
    }

    [Theory]
    [StoreData]
    public async Task A_sync_that_is_cancelled_while_it_waits_for_the_store_settles_what_was_answered(StoreKind store)
    {
        _sync = await SyncHost.StartAsync(store);
        var audience = await _sync.AudienceAsync();
        // Two rows of one person: one is sent for both, and the other can not be settled.
        await ExecuteAsync(_sync.Host.Store.Break("result", "NEW.stage = 6"));
        var id = await audience.StartAsync(Row.Insert(1, "ada@example.com", "u1"), Row.Insert(2, "ada@example.com", "u1"));
        await Faults.Until.Is("the sync waits", () => _sync.Host.Logs.Warnings.Any(l => l.Contains("The sync pauses", StringComparison.Ordinal)));
        (await audience.Host.PostAsync($"{audience.Url}/syncs/{id}/cancel", null, "operator")).ShouldBe(HttpStatusCode.NoContent);

        await ExecuteAsync(_sync.Host.Store.Mend("result"));
        var ended = await audience.EndOfAsync(id);

        Assert.Equal(("cancelled", "subscribed 2"), (ended.Outcome, ended.Outcomes));
        Assert.Equal(2, await audience.LedgerAsync());
    }

    public ValueTask DisposeAsync() => _sync.DisposeAsync();

    private Task<int> ExecuteAsync(string sql)
        => _sync.Host.Provider.GetRequiredService<LeanStore>().WriteAsync(write => write.Run(sql), durable: false, TestContext.Current.CancellationToken);
}
