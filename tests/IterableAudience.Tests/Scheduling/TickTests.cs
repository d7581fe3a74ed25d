using System.Net;
using IterableAudience.Syncs.Scheduling;
using IterableAudience.Tests.Mirror;
using IterableAudience.Tests.Stores;
using IterableAudience.Tests.Syncs;
using IterableAudience.Tests.Warehouses;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace IterableAudience.Tests.Scheduling;

/// <summary>What a schedule does when it is due.</summary>
public sealed class TickTests : IAsyncDisposable
{
    private readonly ShiftedTime _clock = new();
    private MirrorHost _mirror = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private DateTimeOffset Now => _clock.GetUtcNow();

    [Theory]
    [StoreData]
    public async Task A_tick_starts_one_sync_and_the_next_one_is_set(StoreKind store)
    {
        await StartAsync(store);
        Assert.InRange(await NextAsync(), Now, Now.AddMinutes(5));
        await TickAsync();
        Assert.Equal(0, await CountAsync()); // not due yet

        _clock.Ahead += TimeSpan.FromMinutes(5);
        await TickAsync();
        var sync = await OnlySyncAsync();
        Assert.Equal(("schedule", "completed"), ((string)sync.Json["trigger"]!, sync.Outcome));
        Assert.Equal("ada@example.com/u1", _mirror.Members);
        Assert.InRange(await NextAsync(), Now, Now.AddMinutes(5));
        await TickAsync();
        Assert.Equal(1, await CountAsync());
    }

    [Theory]
    [StoreData]
    public async Task Ticks_that_were_missed_are_made_up_for_by_one_sync(StoreKind store)
    {
        await StartAsync(store);
        _clock.Ahead += TimeSpan.FromHours(7);
        await TickAsync();
        await OnlySyncAsync();
        await TickAsync();
        Assert.Equal(1, await CountAsync());
        Assert.InRange(await NextAsync(), Now, Now.AddMinutes(5));
        Assert.Contains(_mirror.Host.Logs.All, l => l.Contains("makes up for all ticks", StringComparison.Ordinal));
    }

    [Theory]
    [StoreData]
    public async Task A_tick_is_one_sync_whoever_is_woken_for_it(StoreKind store)
    {
        await StartAsync(store);
        _clock.Ahead += TimeSpan.FromMinutes(5);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(TickAsync, Cancel)));
        await OnlySyncAsync();
        Assert.Null((await _mirror.Host.GetAsync(_mirror.Audience.Url)).At("lastSkippedAt"));
    }

    [Theory]
    [StoreData]
    public async Task A_tick_while_a_sync_runs_is_skipped_and_told(StoreKind store)
    {
        await StartAsync(store);
        _mirror.Sync.Gate.Close();
        var running = await _mirror.StartAsync();
        _clock.Ahead += TimeSpan.FromMinutes(5);
        var before = Now;
        await TickAsync();
        var connection = await _mirror.Host.GetAsync(_mirror.Audience.Url);
        Assert.InRange(DateTimeOffset.Parse(connection.Text("lastSkippedAt"), System.Globalization.CultureInfo.InvariantCulture), before.AddSeconds(-1), Now);
        Assert.InRange(await NextAsync(), Now, Now.AddMinutes(5));
        Assert.Contains(_mirror.Host.Logs.All, l => l.Contains("the tick is skipped", StringComparison.Ordinal));
        _mirror.Sync.Gate.Open();
        Assert.Equal("completed", (await _mirror.Audience.EndOfAsync(running)).Outcome);
        Assert.Equal(1, await CountAsync());
        Assert.Contains("iterable_audience_schedule_ticks_total{result=\"skipped\"}", (await _mirror.Host.GetAsync("/metrics")).Body.Replace("otel_scope_name=\"IterableAudience\",", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    /// <summary>Two days of a month, or a weekday: whichever comes first.</summary>
    [Theory]
    [StoreData]
    public async Task A_cron_schedule_ticks_at_its_times(StoreKind store)
    {
        await StartAsync(store);
        (await _mirror.Host.PutAsync(_mirror.Audience.Url, """{"schedule":{"type":"cron","cronExpression":"30 2 1,15 * MON"}}""")).ShouldBe(HttpStatusCode.OK);
        for (var tick = 1; tick <= 4; tick++)
        {
            var next = await NextAsync();
            Assert.True(next > Now && (next.Hour, next.Minute, next.Second) == (2, 30, 0) && (next.Day is 1 or 15 || next.DayOfWeek == DayOfWeek.Monday), $"{next:O}");
            Assert.DoesNotContain(Enumerable.Range(0, (int)(next - Now).TotalDays).Select(d => Now.AddDays(d)), d => d.TimeOfDay < new TimeSpan(2, 30, 0) && (d.Day is 1 or 15 || d.DayOfWeek == DayOfWeek.Monday));
            _clock.Ahead += next - Now - TimeSpan.FromSeconds(5);
            await TickAsync();
            Assert.Equal(tick - 1, await CountAsync());
            _clock.Ahead += TimeSpan.FromSeconds(6);
            await TickAsync();
            Assert.Equal(tick, await CountAsync());
            var sync = (string)(await _mirror.Host.GetAsync($"{_mirror.Audience.Url}/syncs")).At("syncs")!.AsArray()[0]!["id"]!;
            Assert.Equal("completed", (await _mirror.Audience.EndOfAsync(sync)).Outcome);
        }
    }

    [Fact]
    public async Task A_paused_connection_has_no_ticks_and_makes_up_for_none()
    {
        await StartAsync(StoreKind.Sqlite);
        Assert.Null((await _mirror.Host.PutAsync(_mirror.Audience.Url, """{"enabled":false}""")).At("nextRunAt"));
        _clock.Ahead += TimeSpan.FromMinutes(20);
        await TickAsync();
        (await _mirror.Host.PutAsync(_mirror.Audience.Url, """{"enabled":true}""")).ShouldBe(HttpStatusCode.OK);
        await TickAsync();
        Assert.Equal(0, await CountAsync());
        Assert.InRange(await NextAsync(), Now, Now.AddMinutes(5));
    }

    [Fact]
    public async Task A_change_of_something_else_moves_no_tick()
    {
        await StartAsync(StoreKind.Sqlite);
        var next = await NextAsync();
        _clock.Ahead += TimeSpan.FromMinutes(5);
        (await _mirror.Host.PutAsync(_mirror.Audience.Url, """{"enabled":true,"schedule":{"type":"basic","everyMinutes":5},"syncSettings":{"guard":{"minRemovals":7}}}""")).ShouldBe(HttpStatusCode.OK);
        await TickAsync();
        await OnlySyncAsync(); // it was due at `next`, and still is
        Assert.NotEqual(next, await NextAsync());
        (await _mirror.Host.PutAsync(_mirror.Audience.Url, """{"schedule":{"type":"manual"}}""")).ShouldBe(HttpStatusCode.OK);
        _clock.Ahead += TimeSpan.FromDays(1);
        await TickAsync();
        Assert.Equal(1, await CountAsync());
    }

    [Fact]
    public async Task A_tick_of_a_disabled_destination_starts_nothing_and_is_no_skip()
    {
        await StartAsync(StoreKind.Sqlite);
        (await _mirror.Host.PutAsync($"/v2/destinations/{_mirror.Audience.Destination}", """{"enabled":false}""")).ShouldBe(HttpStatusCode.OK);
        _clock.Ahead += TimeSpan.FromMinutes(5);
        await TickAsync();
        Assert.Equal(0, await CountAsync());
        Assert.Null((await _mirror.Host.GetAsync(_mirror.Audience.Url)).At("lastSkippedAt"));
        Assert.Contains(_mirror.Host.Logs.All, l => l.Contains("destination is disabled", StringComparison.Ordinal));
    }

    public async ValueTask DisposeAsync() => await _mirror.DisposeAsync();

    private async Task StartAsync(StoreKind store)
    {
        _mirror = await MirrorHost.StartAsync(WarehouseKind.DuckDb, Way.Ledger, store, before: s => s.Clock = _clock);
        _mirror.Table("1 ada@example.com u1");
        (await _mirror.Host.PutAsync(_mirror.Audience.Url, """{"schedule":{"type":"basic","everyMinutes":5}}""")).ShouldBe(HttpStatusCode.OK);
    }

    private Task TickAsync() => _mirror.Host.Provider.GetRequiredService<Tick>().RunAsync(_mirror.Audience.Connection, Cancel);

    private async Task<int> CountAsync() => (int)(await _mirror.Host.GetAsync($"{_mirror.Audience.Url}/syncs")).At("paging.total")!;

    private async Task<SyncResult> OnlySyncAsync()
        => await _mirror.Audience.EndOfAsync((string)Assert.Single((await _mirror.Host.GetAsync($"{_mirror.Audience.Url}/syncs")).At("syncs")!.AsArray())!["id"]!);

    private async Task<DateTimeOffset> NextAsync()
        => DateTimeOffset.Parse((await _mirror.Host.GetAsync(_mirror.Audience.Url)).Text("nextRunAt"), System.Globalization.CultureInfo.InvariantCulture);
}
