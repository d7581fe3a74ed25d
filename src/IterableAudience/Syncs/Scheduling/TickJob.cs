using Quartz;

namespace IterableAudience.Syncs.Scheduling;

/// <summary>What Quartz runs; its trigger is named after the connection.</summary>
internal sealed class TickJob(Tick tick, ScheduleRunner runner) : IJob
{
    public static readonly JobKey Key = new("tick");

    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken)
    {
        var connection = context.Trigger.Key.Name;
        await tick.RunAsync(connection, cancellationToken);
        runner.Arm(connection);
    }
}
