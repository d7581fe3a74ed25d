using System.Threading.Channels;
using IterableAudience.Connections;
using IterableAudience.Store;
using Microsoft.EntityFrameworkCore;
using Quartz;

namespace IterableAudience.Syncs.Scheduling;

/// <summary>
/// Sets Quartz's alarms by what the store says (<c>DueAt</c> of a connection): one alarm to a connection, for its next tick. At the start and every minute it looks at all of
/// them, so that whatever gets lost between the two is found again; a tick that was missed is due at once, and so is made up for by one sync.
/// </summary>
internal sealed partial class ScheduleRunner(
    ISchedulerFactory schedulers, Func<StoreContext> open, ConnectionSignal signal, TimeProvider time, ILogger<ScheduleRunner> logger) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);
    private readonly Channel<string?> _changed = Channel.CreateUnbounded<string?>();

    /// <summary>Sets the alarm of a connection anew, soon.</summary>
    public void Arm(string connectionId) => _changed.Writer.TryWrite(connectionId);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        signal.Changed = Arm;
        using var timer = time.CreateTimer(_ => _changed.Writer.TryWrite(null), null, TimeSpan.Zero, Every);
        try
        {
            await foreach (var connection in _changed.Reader.ReadAllAsync(stoppingToken))
            {
                await TryAsync(connection, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // the store knows what is due
        }
    }

    private async Task TryAsync(string? connection, CancellationToken cancel)
    {
        try
        {
            await SetAsync(connection, cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            throw;
        }
#pragma warning disable CA1031 // the next round comes within a minute
        catch (Exception e)
#pragma warning restore CA1031
        {
            Log.Failed(logger, e.GetType().Name);
        }
    }

    /// <summary>Sets the alarm of one connection, or of all.</summary>
    private async Task SetAsync(string? only, CancellationToken cancel)
    {
        var scheduler = await schedulers.GetScheduler(cancel);
        await using var db = open();
        var wanted = await db.Connections.AsNoTracking()
            .Where(c => !c.Deleted && c.SourceId != null && (only == null || c.Id == only))
            .Select(c => new { c.Id, c.DueAt }).ToListAsync(cancel);
        foreach (var connection in wanted)
        {
            await SetAsync(scheduler, connection.Id, connection.DueAt, cancel);
        }

        if (only is not null && wanted.Count == 0)
        {
            await SetAsync(scheduler, only, null, cancel); // deleted
        }
    }

    private async Task SetAsync(IScheduler scheduler, string connection, DateTimeOffset? due, CancellationToken cancel)
    {
        var key = new TriggerKey(connection);
        var there = await scheduler.GetTrigger(key, cancel);
        if (due is null)
        {
            if (there is not null)
            {
                await scheduler.UnscheduleJob(key, cancel);
            }

            return;
        }

        // One that should have gone off is set anew: Quartz sleeps through a clock that was put forward, and a machine that was suspended.
        var now = time.GetUtcNow();
        if (there?.NextFireTimeUtc is { } set && set > now - Grace && (set == due || (due <= now && set <= now)))
        {
            return; // as it should be, or just going off
        }

        // It goes off each minute until it is set anew. One that had no more to do would be deleted as it ends, beside our setting of the next: whichever came last would stay.
        await scheduler.ScheduleTrigger(
            TriggerBuilder.Create(time).WithIdentity(key).ForJob(TickJob.Key)
                .StartAt(due.Value > now ? due.Value : now)
                .WithSimpleSchedule(s => s.WithInterval(Every).RepeatForever().WithMisfireInstruction(SimpleTriggerMisfireInstruction.FireNow))
                .Build(),
            TriggerConflict.Replace,
            cancel);
    }

    private static partial class Log
    {
        [LoggerMessage(174, LogLevel.Warning, "The alarms of the schedules could not be set ({Error}); that is tried again within a minute.")]
        public static partial void Failed(ILogger logger, string error);
    }
}
