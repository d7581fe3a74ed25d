using System.Globalization;
using System.Net;
using IterableAudience.Tests.Faults;
using IterableAudience.Tests.Mirror;
using IterableAudience.Tests.Stores;
using IterableAudience.Tests.Syncs;
using IterableAudience.Tests.Warehouses;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Quartz;
using Xunit;

namespace IterableAudience.Tests.Scheduling;

/// <summary>The alarms of the schedules go off by themselves.</summary>
public sealed class AlarmTests
{
    /// <summary>Within a minute an alarm that got lost is set again, which is not what is to be seen here.</summary>
    private static readonly TimeSpan BeforeTheNextRound = TimeSpan.FromSeconds(30);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [StoreData]
    public async Task An_alarm_goes_off_and_the_one_after_it_is_set(StoreKind store)
    {
        var clock = new ShiftedTime();
        await using var mirror = await StartAsync(store, clock);
        await SlowDownQuartzAsync(mirror);
        await ScheduleShortlyBeforeATickAsync(mirror, clock);
        await Until.AsyncIs("syncs", () => CountAsync(mirror.Host, mirror.Audience), n => n == 1);
        await QuartzIsDoneAsync(mirror);
        var next = DateTimeOffset.Parse((await mirror.Host.GetAsync(mirror.Audience.Url)).Text("nextRunAt"), CultureInfo.InvariantCulture);
        var scheduler = await mirror.Host.Provider.GetRequiredService<ISchedulerFactory>().GetScheduler(Cancel);
        await Until.AsyncIs("alarm", async () => (await scheduler.GetTrigger(new TriggerKey(mirror.Audience.Connection), Cancel))?.NextFireTimeUtc, at => at == next, BeforeTheNextRound);

        // The clock jumps over it, as on a machine that was suspended.
        clock.Ahead += TimeSpan.FromMinutes(5.2);
        (await mirror.Host.PutAsync(mirror.Audience.Url, """{"enabled":true}""")).ShouldBe(HttpStatusCode.OK);
        await Until.AsyncIs("syncs", () => CountAsync(mirror.Host, mirror.Audience), n => n == 2);
        Assert.Empty(mirror.Host.Logs.Warnings);
    }

    [Theory]
    [StoreData]
    public async Task A_tick_that_fell_while_the_service_was_down_is_run_at_its_start(StoreKind store)
    {
        var clock = new ShiftedTime();
        await using var mirror = await StartAsync(store, clock);
        await ScheduleAsync(mirror);
        await mirror.Host.StopAsync();
        await using var again = new TestHost(store).On(mirror.Host);
        foreach (var (name, value) in mirror.Host.Settings.Where(s => s.Key.StartsWith("Iterable:", StringComparison.Ordinal) || s.Key.StartsWith("Sources:", StringComparison.Ordinal)))
            again.Settings[name] = value;
        clock.Ahead += TimeSpan.FromHours(2);
        again.Services = s => s.AddSingleton<TimeProvider>(clock);
        await Until.AsyncIs("syncs", () => CountAsync(again, mirror.Audience), n => n == 1);
    }

    [PostgresFact]
    public async Task Of_two_nodes_one_is_woken()
    {
        var clock = new ShiftedTime();
        await using var mirror = await StartAsync(StoreKind.PostgreSql, clock);
        await using var other = new TestHost(StoreKind.PostgreSql).On(mirror.Host);
        foreach (var (name, value) in mirror.Host.Settings.Where(s => s.Key.StartsWith("Iterable:", StringComparison.Ordinal) || s.Key.StartsWith("Sources:", StringComparison.Ordinal)))
            other.Settings[name] = value;
        other.Services = s => s.AddSingleton<TimeProvider>(clock);
        await other.GetAsync("/health/ready");
        await ScheduleShortlyBeforeATickAsync(mirror, clock);
        await Until.AsyncIs("syncs", () => CountAsync(mirror.Host, mirror.Audience), n => n >= 1);
        var connection = await other.GetAsync(mirror.Audience.Url);
        Assert.Equal(1, await CountAsync(other, mirror.Audience));
        Assert.Null(connection.At("lastSkippedAt"));
    }

    /// <summary>Draws out Quartz's writes, so that the next alarm is set between its look at the one that went off and the end of it.</summary>
    private static async Task SlowDownQuartzAsync(MirrorHost mirror)
    {
        if (mirror.Host.Provider.GetService<NpgsqlDataSource>() is not { } store)
            return;
        await using var command = store.CreateCommand(
            """
            CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(TG_ARGV[0]::float8); RETURN NULL; END';
            CREATE TRIGGER slow BEFORE UPDATE ON qrtz_triggers FOR EACH STATEMENT EXECUTE FUNCTION slow('0.3');
            CREATE TRIGGER slow BEFORE DELETE ON qrtz_simple_triggers FOR EACH STATEMENT EXECUTE FUNCTION slow('1');
            """);
        await command.ExecuteNonQueryAsync(Cancel);
    }

    /// <summary>Waits until Quartz has written the end of what went off; in memory that takes no time.</summary>
    private static async Task QuartzIsDoneAsync(MirrorHost mirror)
    {
        if (mirror.Host.Provider.GetService<NpgsqlDataSource>() is not { } store)
            return;
        await using var command = store.CreateCommand("SELECT count(*) FROM qrtz_fired_triggers");
        await Until.AsyncIs("going off", () => command.ExecuteScalarAsync(Cancel), n => n is 0L);
    }

    private static async Task<int> CountAsync(TestHost host, Syncs.Audience audience) => (int)(await host.GetAsync($"{audience.Url}/syncs?status=succeeded")).At("paging.total")!;

    private static async Task<MirrorHost> StartAsync(StoreKind store, ShiftedTime clock)
    {
        var mirror = await MirrorHost.StartAsync(WarehouseKind.DuckDb, Way.Ledger, store, before: s => s.Clock = clock);
        mirror.Table("1 ada@example.com u1");
        return mirror;
    }

    /// <summary>Sets the clock two seconds before one of the ticks of every five minutes, with all else done, however long that took.</summary>
    private static Task ScheduleShortlyBeforeATickAsync(MirrorHost mirror, ShiftedTime clock)
    {
        var now = TimeProvider.System.GetUtcNow();
        var into = TimeSpan.FromTicks(now.Ticks % TimeSpan.FromMinutes(5).Ticks);
        clock.Ahead = TimeSpan.FromMinutes(5) - into - TimeSpan.FromSeconds(2);
        return ScheduleAsync(mirror);
    }

    private static async Task ScheduleAsync(MirrorHost mirror)
    {
        (await mirror.Host.PutAsync(mirror.Audience.Url, """{"schedule":{"type":"basic","everyMinutes":5}}""")).ShouldBe(HttpStatusCode.OK);
    }
}
