using System.Net;
using IterableAudience.Store;
using IterableAudience.Tests.Stores;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace IterableAudience.Tests.Syncs;

/// <summary>A plan that is half made counts for nothing: the records can be read, and a sync that ends there ends as if it had never planned.</summary>
public sealed class CutOffPlanTests : IAsyncDisposable
{
    private SyncHost _sync = null!;

    [Theory]
    [StoreData]
    public async Task A_sync_that_is_cancelled_in_the_middle_of_its_plan_ends_and_adds_up(StoreKind store)
    {
        _sync = await SyncHost.StartAsync(store);
        var audience = await _sync.AudienceAsync();
        await audience.PushAsync(Row.People(3));
        var id = await BreakPlanAsync(audience);

        // Verdicts are there, stages are not.
        var records = await audience.RecordListAsync(id);
        Assert.Equal(2, records.Count);

        (await _sync.Host.PostAsync($"{audience.Url}/stop", null, "operator")).ShouldBe(HttpStatusCode.NoContent);
        var ended = await audience.EndOfAsync(id);

        Assert.Equal(("cancelled", "rejected 1, not_sent 1"), (ended.Outcome, ended.Outcomes));
        Assert.Equal("total 2, insert 2", ended.ReceivedCounts);
        Assert.Equal("7 not_sent sync_cancelled, 8 rejected no_valid_identifier", OutcomeTests.Sorted(await audience.RecordsAsync(id)));
        Assert.Equal(3, await audience.LedgerAsync());
    }

    public ValueTask DisposeAsync() => _sync.DisposeAsync();

    /// <summary>Starts a full push whose plan gets no further than its verdicts; the sync waits for the store to get well.</summary>
    private async Task<string> BreakPlanAsync(Audience audience)
    {
        var lean = _sync.Host.Provider.GetRequiredService<LeanStore>();
        await lean.WriteAsync(write => write.Run(_sync.Host.Store.Break("plan_part")), durable: false, TestContext.Current.CancellationToken);
        var id = (await audience.SendAsync(Audience.Body(Row.Insert(7, "p7@example.com", "p7"), Row.Insert(8, "nobody", " ")), "syncType=full"))
            .ShouldBe(HttpStatusCode.Accepted).Text("syncId");
        while (!_sync.Host.Logs.Warnings.Any(line => line.Contains("pauses", StringComparison.Ordinal)))
        {
            await Task.Yield();
        }

        return id;
    }
}
