using IterableAudience.Simulator.Api;
using IterableAudience.Simulator.Faults;
using IterableAudience.Tests.Stores;
using Xunit;

namespace IterableAudience.Tests.Syncs;

/// <summary>What a report says of the operations that were planned and those that have an answer.</summary>
public sealed class ProgressTests(SyncHosts syncs) : IClassFixture<SyncHosts>
{
    [Theory]
    [StoreData]
    public async Task A_completed_sync_has_sent_all_that_it_planned(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        await audience.PushAsync(Row.Insert(1, "old@example.com", "u1"));
        var done = await audience.PushAsync(Row.Update(1, "new@example.com", "u2"), Row.Insert(2, "p2@example.com", "p2"), Row.Delete(3, "p3@example.com", "p3"));
        Assert.Equal((4, 4), Progress(done));
    }

    [Theory]
    [StoreData]
    public async Task A_dry_run_and_a_held_plan_have_sent_nothing(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        Assert.Equal((2, 0), Progress(await audience.PushAsync("dryRun=true", Row.People(2))));
        await audience.PushAsync(Row.People(2));
        Assert.Equal((2, 0), Progress(await audience.FullAsync()));
    }

    [Theory]
    [StoreData]
    public async Task An_aborted_sync_has_sent_what_was_answered(StoreKind store)
    {
        var sync = syncs.On(store);
        var audience = await sync.AudienceAsync();
        await audience.PushAsync(Row.People(2));
        audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 401, Times = 0, On = new() { Kind = CallKind.Subscribe } });
        Assert.Equal((5, 2), Progress(await audience.PushAsync([.. Row.Leavers(2), .. Row.People(3, from: 10)])));
    }

    private static (int Planned, int Sent) Progress(SyncResult sync)
        => ((int)sync.Json["report"]!["progress"]!["planned"]!, (int)sync.Json["report"]!["progress"]!["sent"]!);
}
