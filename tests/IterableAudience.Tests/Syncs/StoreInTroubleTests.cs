using System.Net;
using IterableAudience.Store;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace IterableAudience.Tests.Syncs;

/// <summary>The store fails for a moment: no connection stays claimed by a sync that nobody works on.</summary>
public sealed class StoreInTroubleTests : IAsyncLifetime
{
    private readonly SyncHost _sync = new();

    public ValueTask InitializeAsync() => _sync.InitializeAsync();

    [Fact]
    public async Task A_push_that_can_not_begin_to_stage_frees_its_connection_when_the_store_is_back()
    {
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

    [Fact]
    public async Task A_sync_that_is_cancelled_while_it_waits_for_the_store_settles_what_was_answered()
    {
        var audience = await _sync.AudienceAsync();
        // Two rows of one person: one is sent for both, and the other can not be settled.
        await ExecuteAsync("CREATE TRIGGER no_room BEFORE INSERT ON result WHEN NEW.stage = 6 BEGIN SELECT RAISE(FAIL, 'no'); END");
        var id = await audience.StartAsync(Row.Insert(1, "ada@example.com", "u1"), Row.Insert(2, "ada@example.com", "u1"));
        await Faults.Until.Is("the sync waits", () => _sync.Host.Logs.Warnings.Any(l => l.Contains("The sync pauses", StringComparison.Ordinal)));
        (await audience.Host.PostAsync($"{audience.Url}/syncs/{id}/cancel", null, "operator")).ShouldBe(HttpStatusCode.NoContent);

        await ExecuteAsync("DROP TRIGGER no_room");
        var ended = await audience.EndOfAsync(id);

        Assert.Equal(("cancelled", "subscribed 2"), (ended.Outcome, ended.Outcomes));
        Assert.Equal(2, await audience.LedgerAsync());
    }

    public ValueTask DisposeAsync() => _sync.DisposeAsync();

    private Task<int> ExecuteAsync(string sql)
        => _sync.Host.Provider.GetRequiredService<LeanStore>().WriteAsync(write => write.Run(sql), durable: false, TestContext.Current.CancellationToken);
}
