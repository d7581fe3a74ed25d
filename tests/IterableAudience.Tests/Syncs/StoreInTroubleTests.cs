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

    public ValueTask DisposeAsync() => _sync.DisposeAsync();

    private Task<int> ExecuteAsync(string sql)
        => _sync.Host.Provider.GetRequiredService<LeanStore>().WriteAsync(write => write.Run(sql), durable: false, TestContext.Current.CancellationToken);
}
