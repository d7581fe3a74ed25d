using IterableAudience.Simulator.Api;
using IterableAudience.Simulator.Faults;
using IterableAudience.Store;
using IterableAudience.Syncs.Ledger;
using IterableAudience.Tests.Plan;
using IterableAudience.Tests.Syncs;
using IterableAudience.Tests.Warehouses;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace IterableAudience.Tests.Mirror;

/// <summary>Two sources feed one list: a row that is not on it, because it is held back or was refused, speaks for its person whatever the other source does.</summary>
public sealed class SharedListTests : IAsyncDisposable
{
    private MirrorHost _mirror = null!;

    [Theory]
    [MirrorData(Crossed = false)]
    public async Task A_person_whom_a_bad_row_names_stays_whatever_others_do_and_goes_when_the_row_does(WarehouseKind kind, Way way)
    {
        var other = await TwoWithAdaAsync(kind, way);

        // Her row lost its key, and the other source lets go of her: she is in the first one still.
        _mirror.Table("- ada@example.com u1", "2 grace@example.org u2");
        Assert.Equal(1, (int)(await _mirror.SyncAsync()).Json["report"]!["outcomes"]!["retained"]!);
        _mirror.Fill("others", "2 edsger@example.net u3");
        await MirrorHost.SyncAsync(other);
        Assert.Equal("ada@example.com/u1 edsger@example.net/u3 grace@example.org/u2", _mirror.Members);
        Assert.Equal(1, (int)(await _mirror.SyncAsync()).Json["report"]!["outcomes"]!["retained"]!);

        // The row is gone: so is she, and nobody is sent again for it.
        _mirror.Table("2 grace@example.org u2");
        var gone = await _mirror.SyncAsync();
        Assert.Equal("edsger@example.net/u3 grace@example.org/u2", _mirror.Members);
        Assert.Equal("full subscribe 0", $"{gone.Json["syncType"]} subscribe {gone.Json["report"]!["requests"]!["subscribe"]}");
        var next = await _mirror.SyncAsync();
        Assert.Equal("incremental ", $"{next.Json["syncType"]} {next.ReceivedCounts}");
    }

    [Theory]
    [MirrorData(Crossed = false)]
    public async Task A_bad_row_holds_its_person_for_all_connections_of_the_list(WarehouseKind kind, Way way)
    {
        var other = await TwoWithAdaAsync(kind, way);

        // Key 1 is somebody else now, and a row that lost its key says that she is still there.
        _mirror.Table("1 new@example.com u8", "- ada@example.com u1", "2 grace@example.org u2");
        Assert.Equal("subscribe 1, unsubscribe 0", Requests(await _mirror.SyncAsync()));
        _mirror.Fill("others", "2 edsger@example.net u3");
        Assert.Equal("retained 1, unsubscribed 0", Removals(await MirrorHost.SyncAsync(other)));
        await _mirror.SyncAsync();
        await MirrorHost.SyncAsync(other);
        Assert.Equal("ada@example.com/u1 edsger@example.net/u3 grace@example.org/u2 new@example.com/u8", _mirror.Members);

        _mirror.Table("1 new@example.com u8", "2 grace@example.org u2");
        Assert.Equal("subscribe 0, unsubscribe 1", Requests(await _mirror.SyncAsync()));
        Assert.Equal("edsger@example.net/u3 grace@example.org/u2 new@example.com/u8", _mirror.Members);
    }

    [Theory]
    [MirrorData(Crossed = false)]
    public async Task A_bad_row_holds_a_person_who_was_leaving_already_and_two_of_them_do_not_hold_each_other(WarehouseKind kind, Way way)
    {
        var other = await TwoWithAdaAsync(kind, way);
        _mirror.Table("2 grace@example.org u2");
        Assert.Equal("retained 1, unsubscribed 0", Removals(await _mirror.SyncAsync())); // the other one holds her
        _mirror.Table("- ada@example.com u1", "2 grace@example.org u2");
        await _mirror.SyncAsync();
        _mirror.Fill("others", "1 new@example.com u8", "- ada@example.com u1", "2 edsger@example.net u3");
        await MirrorHost.SyncAsync(other);
        _mirror.Table("2 grace@example.org u2");
        Assert.Equal("subscribe 0, unsubscribe 0", Requests(await _mirror.SyncAsync()));
        Assert.Equal("ada@example.com/u1 edsger@example.net/u3 grace@example.org/u2 new@example.com/u8", _mirror.Members);

        _mirror.Fill("others", "1 new@example.com u8", "2 edsger@example.net u3");
        await MirrorHost.SyncAsync(other);
        Assert.Equal("edsger@example.net/u3 grace@example.org/u2 new@example.com/u8", _mirror.Members);
        Assert.Equal("subscribe 0, unsubscribe 1", Requests(await _mirror.SyncAsync())); // her entry here is still to end, and nobody knows that it was seen to
        Assert.Equal("subscribe 0, unsubscribe 0", Requests(await _mirror.SyncAsync()));
    }

    /// <summary>Iterable has one person for a userId: taken off by the e-mail, the person is off for whoever holds the userId.</summary>
    [Theory]
    [MirrorData(Crossed = false)]
    public async Task Who_is_held_by_the_userId_is_not_taken_off_by_the_email(WarehouseKind kind, Way way)
    {
        _mirror = await MirrorHost.StartAsync(kind, way);
        _mirror.Warehouse.Run("""CREATE TABLE others ("PK" varchar(100), "EMAIL" varchar(200), "ID" varchar(100))""");
        var other = await _mirror.SiblingAsync("others", way);
        _mirror.Table("1 ada@example.com u1", "2 ada@example.com -", "3 grace@example.org u2");
        _mirror.Fill("others", "1 - u1");
        await _mirror.SyncAsync();
        await MirrorHost.SyncAsync(other);
        _mirror.Table("3 grace@example.org u2");
        Assert.Equal("subscribe 0, unsubscribe 0", Requests(await _mirror.SyncAsync()));
        _mirror.Fill("others");
        await EmptyAsync(other);
        await _mirror.SyncAsync();
        Assert.Equal("grace@example.org/u2", _mirror.Members);

        // Nor when a record of the same sync holds it, which is refused.
        _mirror.Table("1 ada@example.com u1", "2 ada@example.com -", "3 grace@example.org u2");
        await _mirror.SyncAsync();
        _mirror.Audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 400, Times = 0, On = new() { Kind = CallKind.Subscribe, Identifier = "u1" } });
        _mirror.Table("7 - u1", "3 grace@example.org u2");
        await _mirror.SyncAsync();
        Assert.Equal("ada@example.com/u1 grace@example.org/u2", _mirror.Members);
        _mirror.Sync.World.Faults.Clear();

        async Task EmptyAsync(Audience of)
        {
            var held = await MirrorHost.SyncAsync(of);
            Assert.Equal("held", held.Outcome);
            await of.ApprovedAsync(held);
        }
    }

    [Theory]
    [MirrorData(Crossed = false)]
    public async Task An_entry_that_was_leaving_holds_while_the_row_that_came_back_is_refused(WarehouseKind kind, Way way)
    {
        var other = await TwoWithAdaAsync(kind, way);
        _mirror.Table("2 grace@example.org u2");
        await _mirror.SyncAsync();
        _mirror.Audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 400, Times = 0, On = new() { Identifier = "u1" } });
        _mirror.Table("7 ada@example.com u1", "2 grace@example.org u2");
        await _mirror.SyncAsync();
        _mirror.Sync.World.Faults.Clear();
        _mirror.Fill("others", "2 edsger@example.net u3");
        Assert.Equal("retained 1, unsubscribed 0", Removals(await MirrorHost.SyncAsync(other)));
        await _mirror.SyncAsync();
        Assert.Equal("ada@example.com/u1 edsger@example.net/u3 grace@example.org/u2", _mirror.Members);
        _mirror.Table("2 grace@example.org u2");
        await _mirror.SyncAsync();
        Assert.Equal("edsger@example.net/u3 grace@example.org/u2", _mirror.Members);
    }

    [Theory]
    [MirrorData(Crossed = false)]
    public async Task A_bad_row_holds_a_person_for_others_while_removals_are_skipped(WarehouseKind kind, Way way)
    {
        var other = await TwoWithAdaAsync(kind, way);
        _mirror.Table("2 grace@example.org u2");
        await _mirror.SyncAsync();
        _mirror.Table("2 grace@example.org u2", "- ada@example.com u1", "- - -");
        Assert.Equal("removals_skipped 1", (await _mirror.SyncAsync()).Warnings);
        _mirror.Fill("others", "2 edsger@example.net u3");
        Assert.Equal("retained 1, unsubscribed 0", Removals(await MirrorHost.SyncAsync(other)));
        Assert.Equal("ada@example.com/u1 edsger@example.net/u3 grace@example.org/u2", _mirror.Members);

        _mirror.Table("2 grace@example.org u2");
        await _mirror.SyncAsync();
        Assert.Equal("edsger@example.net/u3 grace@example.org/u2", _mirror.Members);
    }

    /// <summary>The row that a person is in now is not on the list: what put the person there before holds, for the other connection too.</summary>
    [Theory]
    [MirrorData(Crossed = false)]
    public async Task A_person_whose_new_row_is_refused_stays_whatever_others_do(WarehouseKind kind, Way way)
    {
        var other = await TwoWithAdaAsync(kind, way);
        _mirror.Audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 400, Times = 0, On = new() { Identifier = "u1" } });
        _mirror.Table("7 ada@example.com u1", "2 grace@example.org u2");
        Assert.Equal("completed_with_failures", (await _mirror.SyncAsync()).Outcome);
        _mirror.Sync.World.Faults.Clear();
        _mirror.Fill("others", "2 edsger@example.net u3");
        Assert.Equal("retained 1, unsubscribed 0", Removals(await MirrorHost.SyncAsync(other)));
        Assert.Equal("ada@example.com/u1 edsger@example.net/u3 grace@example.org/u2", _mirror.Members);

        Assert.Equal("completed", (await _mirror.SyncAsync()).Outcome); // it is tried again
        _mirror.Table("2 grace@example.org u2");
        await _mirror.SyncAsync();
        Assert.Equal("edsger@example.net/u3 grace@example.org/u2", _mirror.Members);
    }

    [Theory]
    [MirrorData(Crossed = false)]
    public async Task A_person_who_is_held_goes_on_being_so_until_the_mended_row_is_accepted(WarehouseKind kind, Way way)
    {
        var other = await TwoWithAdaAsync(kind, way);
        _mirror.Table("1 new@example.com u8", "- ada@example.com u1", "2 grace@example.org u2");
        await _mirror.SyncAsync();
        _mirror.Fill("others", "2 edsger@example.net u3");
        await MirrorHost.SyncAsync(other);

        _mirror.Audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 401, Times = 0 });
        _mirror.Table("1 new@example.com u8", "7 ada@example.com u1", "2 grace@example.org u2");
        Assert.Equal("aborted", (await _mirror.SyncAsync()).Outcome);
        _mirror.Sync.World.Faults.Clear();
        await MirrorHost.SyncAsync(other);
        Assert.Equal("ada@example.com/u1 edsger@example.net/u3 grace@example.org/u2 new@example.com/u8", _mirror.Members);
        await _mirror.SyncAsync();
        await MirrorHost.SyncAsync(other);
        Assert.Equal("ada@example.com/u1 edsger@example.net/u3 grace@example.org/u2 new@example.com/u8", _mirror.Members);
        _mirror.Table("1 new@example.com u8", "2 grace@example.org u2");
        await _mirror.SyncAsync();
        Assert.Equal("edsger@example.net/u3 grace@example.org/u2 new@example.com/u8", _mirror.Members);
    }

    /// <summary>A removal goes by the userId first and then by the e-mail: the entry remembers both until it ends.</summary>
    [Theory]
    [MirrorData(Crossed = false)]
    public async Task A_removal_that_fails_half_way_forgets_no_identifier(WarehouseKind kind, Way way)
    {
        var other = await TwoWithAdaAsync(kind, way);
        _mirror.Table("1 new@example.com u8", "- ada@example.com u1", "2 grace@example.org u2");
        await _mirror.SyncAsync();
        _mirror.Fill("others", "2 edsger@example.net u3");
        await MirrorHost.SyncAsync(other);

        const string Unknown = """{"successCount":0,"failCount":1,"failedUpdates":{"notFoundUserIds":["u1"]}}""";
        _mirror.Audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 200, Body = Unknown, Times = 1, On = new() { Kind = CallKind.Unsubscribe } });
        _mirror.Audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 500, Times = 0, On = new() { Kind = CallKind.Unsubscribe } });
        _mirror.Table("1 new@example.com u8", "2 grace@example.org u2");
        await _mirror.SyncAsync();
        _mirror.Sync.World.Faults.Clear();
        var store = _mirror.Host.Provider.GetRequiredService<LeanStore>();
        Assert.Equal(
            ["ada@example.com/u1 Leaving", "ada@example.com/u1 Leaving"],
            LedgerView.Read(store, 1).Entries.Where(e => e.State == EntryState.Leaving).Select(e => $"{e.Identity.Email}/{e.Identity.UserId} {e.State}"));
        await _mirror.SyncAsync();
        Assert.Equal("edsger@example.net/u3 grace@example.org/u2 new@example.com/u8", _mirror.Members);
    }

    /// <summary>Pushed records know nothing of the source's rows.</summary>
    [Theory]
    [MirrorData(Crossed = false)]
    public async Task A_pushed_delete_takes_nobody_off_whom_a_bad_row_names(WarehouseKind kind, Way way)
    {
        var other = await TwoWithAdaAsync(kind, way);
        _mirror.Table("1 new@example.com u8", "- ada@example.com u1", "2 grace@example.org u2");
        await _mirror.SyncAsync();
        _mirror.Fill("others", "2 edsger@example.net u3");
        await MirrorHost.SyncAsync(other);
        await _mirror.Audience.PushAsync(Row.Delete(1));
        Assert.Contains("ada@example.com/u1", _mirror.Members, StringComparison.Ordinal);
        Assert.DoesNotContain("new@example.com/u8", _mirror.Members, StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync() => await _mirror.DisposeAsync();

    /// <summary>Two sources of one list, with one person in both.</summary>
    private async Task<Audience> TwoWithAdaAsync(WarehouseKind kind, Way way)
    {
        _mirror = await MirrorHost.StartAsync(kind, way);
        _mirror.Warehouse.Run("""CREATE TABLE others ("PK" varchar(100), "EMAIL" varchar(200), "ID" varchar(100))""");
        var other = await _mirror.SiblingAsync("others", way);
        _mirror.Table("1 ada@example.com u1", "2 grace@example.org u2");
        _mirror.Fill("others", "1 ada@example.com u1", "2 edsger@example.net u3");
        await _mirror.SyncAsync();
        await MirrorHost.SyncAsync(other);
        return other;
    }

    private static string Requests(SyncResult sync)
        => $"subscribe {sync.Json["report"]!["requests"]!["subscribe"]}, unsubscribe {sync.Json["report"]!["requests"]!["unsubscribe"]}";

    private static string Removals(SyncResult sync)
        => $"retained {sync.Json["report"]!["outcomes"]!["retained"]}, unsubscribed {sync.Json["report"]!["outcomes"]!["unsubscribed"]}";
}
