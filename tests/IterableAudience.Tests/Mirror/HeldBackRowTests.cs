using IterableAudience.Simulator.Api;
using IterableAudience.Simulator.Faults;
using IterableAudience.Simulator.Projects;
using IterableAudience.Tests.Syncs;
using IterableAudience.Tests.Warehouses;
using Xunit;

namespace IterableAudience.Tests.Mirror;

/// <summary>Rows that can't be sent: nobody is taken off for one.</summary>
public sealed class HeldBackRowTests : IAsyncDisposable
{
    private MirrorHost _mirror = null!;

    [Theory]
    [MirrorData(Crossed = false)]
    public async Task Rows_with_a_bad_key_are_held_back_and_nobody_is_removed_for_it(WarehouseKind kind, Way way)
    {
        _mirror = await MirrorHost.StartAsync(kind, way);
        _mirror.Table("1 ada@example.com u1", "2 grace@example.org u2", "3 edsger@example.net u3");
        await _mirror.SyncAsync();

        // Row 2 comes twice, row 3 lost its key, and somebody without a key is new.
        _mirror.Table("1 ada@example.com u1", "2 grace@example.org u2", "2 other@example.org u9", "- edsger@example.net u3", "- new@example.com u8");
        for (var again = 0; again < 2; again++)
        {
            var sync = await _mirror.SyncAsync();
            Assert.Equal("completed_with_failures", sync.Outcome);
            Assert.Contains("rejected duplicate_primary_key 2", sync.Reasons, StringComparison.Ordinal);
            Assert.Contains("rejected null_primary_key 2", sync.Reasons, StringComparison.Ordinal);
            Assert.Equal("ada@example.com/u1 edsger@example.net/u3 grace@example.org/u2", _mirror.Members);
            var sampled = (await _mirror.Host.GetAsync($"{_mirror.Audience.Url}/syncs/{sync.Id}/failed-records", "operator")).At("data")!.AsArray();
            Assert.Equal(
                [" null_primary_key edsger@example.net", " null_primary_key new@example.com", "2 duplicate_primary_key grace@example.org", "2 duplicate_primary_key other@example.org"],
                sampled.Select(r => $"{r!["primaryKey"]} {r["reason"]} {r["identifiers"]!["email"]}").Order(StringComparer.Ordinal));
        }

        // Mended: row 2 is one person again, another one; row 3 has its key back.
        _mirror.Table("1 ada@example.com u1", "2 other@example.org u9", "3 edsger@example.net u3");
        var mended = await _mirror.SyncAsync();
        Assert.Equal("completed", mended.Outcome);
        Assert.Equal("ada@example.com/u1 edsger@example.net/u3 other@example.org/u9", _mirror.Members);

        _mirror.Table("1 ada@example.com u1");
        await _mirror.SyncAsync();
        Assert.Equal("ada@example.com/u1", _mirror.Members);
    }

    [Theory]
    [MirrorData(Crossed = false)]
    public async Task A_row_without_key_and_identity_may_be_anybodys_so_nobody_is_removed_while_it_is_new(WarehouseKind kind, Way way)
    {
        _mirror = await MirrorHost.StartAsync(kind, way);
        _mirror.Table("1 ada@example.com u1", "2 grace@example.org u2", "- - -");
        await _mirror.SyncAsync();

        // One such row was there when the list was made equal: it is nobody's.
        _mirror.Table("1 ada@example.com u1", "- - -");
        Assert.Equal("", (await _mirror.SyncAsync()).Warnings);
        Assert.Equal("ada@example.com/u1", _mirror.Members);

        _mirror.Table("2 grace@example.org u2", "- - -", "- nonsense -");
        Assert.Equal("removals_skipped 1", (await _mirror.SyncAsync()).Warnings);
        Assert.Equal("ada@example.com/u1 grace@example.org/u2", _mirror.Members);
        Assert.Equal("removals_skipped 1", (await _mirror.SyncAsync("full")).Warnings);
        Assert.Equal("ada@example.com/u1 grace@example.org/u2", _mirror.Members);

        _mirror.Table("2 grace@example.org u2");
        Assert.Equal("", (await _mirror.SyncAsync()).Warnings);
        Assert.Equal("grace@example.org/u2", _mirror.Members);
    }

    [Theory]
    [MirrorData(Crossed = false)]
    public async Task A_full_sync_that_misses_nobody_takes_the_rows_without_key_and_identity_for_nobodys(WarehouseKind kind, Way way)
    {
        _mirror = await MirrorHost.StartAsync(kind, way);
        _mirror.Table("1 ada@example.com u1", "2 grace@example.org u2", "3 edsger@example.net u3", "- - -");
        _mirror.Audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 401, Times = 0, On = new() { Kind = CallKind.Subscribe } });
        Assert.Equal("aborted", (await _mirror.SyncAsync()).Outcome);
        _mirror.Sync.World.Faults.Clear();
        await _mirror.Audience.PushAsync(Row.Insert(1, "ada@example.com", "u1")); // somebody is there before the first sync that comes to its end
        Assert.Equal("", (await _mirror.SyncAsync()).Warnings);
        _mirror.Table("1 ada@example.com u1", "2 grace@example.org u2", "- - -");
        Assert.Equal("", (await _mirror.SyncAsync()).Warnings);
        Assert.Equal("ada@example.com/u1 grace@example.org/u2", _mirror.Members);

        // Another one has come for good. It may be that of somebody who is gone, so he stays; when all are there, it is nobody's.
        _mirror.Table("1 ada@example.com u1", "- - -", "- - -");
        Assert.Equal("removals_skipped 1", (await _mirror.SyncAsync("full")).Warnings);
        Assert.Equal("removals_skipped 1", (await _mirror.SyncAsync()).Warnings);
        Assert.Equal("ada@example.com/u1 grace@example.org/u2", _mirror.Members);
        _mirror.Table("1 ada@example.com u1", "2 grace@example.org u2", "- - -", "- - -");
        Assert.Equal("", (await _mirror.SyncAsync("full")).Warnings);
        _mirror.Table("1 ada@example.com u1", "- - -", "- - -");
        Assert.Equal("", (await _mirror.SyncAsync()).Warnings);
        Assert.Equal("ada@example.com/u1", _mirror.Members);
    }

    [Theory]
    [MirrorData(Crossed = false)]
    public async Task A_removal_that_is_open_may_be_that_of_a_row_without_key_and_identity(WarehouseKind kind, Way way)
    {
        _mirror = await MirrorHost.StartAsync(kind, way);
        _mirror.Table("1 ada@example.com u1", "2 grace@example.org u2");
        await _mirror.SyncAsync();
        _mirror.Audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 500, Times = 0, On = new() { Kind = CallKind.Unsubscribe } });
        _mirror.Table("2 grace@example.org u2");
        await _mirror.SyncAsync();
        _mirror.Sync.World.Faults.Clear();
        _mirror.Table("2 grace@example.org u2", "- - -");
        Assert.Equal("removals_skipped 1", (await _mirror.SyncAsync("full")).Warnings);
        await _mirror.SyncAsync();
        Assert.Equal("ada@example.com/u1 grace@example.org/u2", _mirror.Members);
    }

    [Theory]
    [MirrorData(Crossed = false)]
    public async Task A_row_whose_identity_became_invalid_keeps_its_person(WarehouseKind kind, Way way)
    {
        _mirror = await MirrorHost.StartAsync(kind, way, type: SimulatedProjectType.EmailBased);
        _mirror.Table("1 ada@example.com -", "2 grace@example.org -");
        await _mirror.SyncAsync();

        _mirror.Table("1 nonsense -", "2 - -");
        Assert.Equal("rejected identifier_missing 1, rejected invalid_email 1", string.Join(", ", (await _mirror.SyncAsync()).Reasons.Split(", ").Order(StringComparer.Ordinal)));
        Assert.Equal("ada@example.com/ grace@example.org/", _mirror.Members);
        Assert.Equal("", (await _mirror.SyncAsync()).ReceivedCounts);

        _mirror.Table("1 ada@example.com -");
        await _mirror.SyncAsync();
        Assert.Equal("ada@example.com/", _mirror.Members);
    }

    [Theory]
    [MirrorData(Crossed = false)]
    public async Task A_bad_row_holds_whom_it_names_by_the_other_identifier_too(WarehouseKind kind, Way way)
    {
        _mirror = await MirrorHost.StartAsync(kind, way);
        _mirror.Table("1 ada@example.com u1", "2 ada@example.com -", "3 grace@example.org u2");
        await _mirror.SyncAsync();
        _mirror.Table("- - u1", "3 grace@example.org u2");
        await _mirror.SyncAsync();
        Assert.Equal("ada@example.com/u1 grace@example.org/u2", _mirror.Members);

        // Nor by an identity that is replaced.
        _mirror.Table("1 ada@example.com u1", "2 ada@example.com -", "3 grace@example.org u2");
        await _mirror.SyncAsync();
        _mirror.Table("1 new@example.com u9", "- - u1", "3 grace@example.org u2");
        await _mirror.SyncAsync();
        Assert.Equal("ada@example.com/u1 grace@example.org/u2 new@example.com/u9", _mirror.Members);
        _mirror.Table("1 new@example.com u9", "3 grace@example.org u2");
        await _mirror.SyncAsync();
        Assert.Equal("grace@example.org/u2 new@example.com/u9", _mirror.Members);
    }

    /// <summary>Nothing of the row is read in the next sync: it has not changed, and what failed is not tried again.</summary>
    [Theory]
    [MirrorData(Crossed = false)]
    public async Task A_person_whose_new_row_is_refused_stays_where_nothing_is_tried_again(WarehouseKind kind, Way way)
    {
        _mirror = await MirrorHost.StartAsync(kind, way, settings: ""","failedKeysConfig":{"enableFailedKeysRetry":false}""");
        _mirror.Table("1 ada@example.com u1", "2 grace@example.org u2");
        await _mirror.SyncAsync();
        _mirror.Audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 400, Times = 0, On = new() { Kind = CallKind.Subscribe, Identifier = "u1" } });
        _mirror.Table("7 ada@example.com u1", "2 grace@example.org u2");
        for (var sync = 0; sync < 4; sync++)
        {
            await _mirror.SyncAsync();
            Assert.Equal("ada@example.com/u1 grace@example.org/u2", _mirror.Members);
        }

        // The key that she was put there by goes through another person, and away.
        _mirror.Table("1 new@example.com u8", "7 ada@example.com u1", "2 grace@example.org u2");
        await _mirror.SyncAsync();
        _mirror.Table("7 ada@example.com u1", "2 grace@example.org u2");
        await _mirror.SyncAsync();
        await _mirror.SyncAsync();
        Assert.Equal("ada@example.com/u1 grace@example.org/u2", _mirror.Members);

        _mirror.Table("2 grace@example.org u2");
        await _mirror.SyncAsync();
        await _mirror.SyncAsync();
        Assert.Equal("grace@example.org/u2", _mirror.Members);
        Assert.Equal("incremental ", $"{(await _mirror.SyncAsync()).Json["syncType"]} {(await _mirror.SyncAsync()).ReceivedCounts}");
    }

    [Theory]
    [MirrorData(Crossed = false)]
    public async Task A_removal_that_failed_waits_while_rows_may_be_anybodys(WarehouseKind kind, Way way)
    {
        _mirror = await MirrorHost.StartAsync(kind, way);
        _mirror.Table("1 ada@example.com u1", "2 grace@example.org u2");
        await _mirror.SyncAsync();
        _mirror.Audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 500, Times = 0, On = new() { Kind = CallKind.Unsubscribe } });
        _mirror.Table("2 grace@example.org u2");
        Assert.Equal("completed_with_failures", (await _mirror.SyncAsync()).Outcome);
        _mirror.Sync.World.Faults.Clear();

        _mirror.Table("- - -", "2 grace@example.org u2");
        await _mirror.SyncAsync();
        await _mirror.Audience.PushAsync(Row.Insert(9, "pushed@example.com", "u9"));
        Assert.Equal("ada@example.com/u1 grace@example.org/u2 pushed@example.com/u9", _mirror.Members);
        _mirror.Table("2 grace@example.org u2");
        await _mirror.SyncAsync();
        Assert.Equal("grace@example.org/u2", _mirror.Members);
    }

    public async ValueTask DisposeAsync() => await _mirror.DisposeAsync();
}
