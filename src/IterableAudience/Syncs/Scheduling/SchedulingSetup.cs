using IterableAudience.Store;
using IterableAudience.Syncs.Nodes;
using Quartz;

namespace IterableAudience.Syncs.Scheduling;

/// <summary>Registers Quartz: in memory on an embedded store, with its clustered job store on a shared one, where one node is woken for each tick.</summary>
internal static class SchedulingSetup
{
    /// <summary>A tick that is later than this was missed; it is run at once, and once.</summary>
    private static readonly TimeSpan Missed = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan CheckIn = TimeSpan.FromSeconds(5);

    public static IServiceCollection AddScheduling(this IServiceCollection services, StoreLocation store)
    {
        services.AddSingleton<Tick>();
        services.AddSingleton<ScheduleRunner>();
        services.AddQuartz(q =>
        {
            q.ConfigureScheduler(o =>
            {
                o.InstanceName = "iterable-audience";
                o.GenerateInstanceId = store.IsPostgres;
            });
            q.UseDefaultThreadPool(4);
            if (store.IsPostgres)
            {
                q.UsePersistentStore(s =>
                {
                    s.ProvisionSchema();
                    s.ConfigureStore(o => o.MisfireThreshold = Missed);
                    s.UsePostgres(store.ConnectionString);
                    s.UseClustering(c =>
                    {
                        c.CheckinInterval = CheckIn;
                        c.CheckinMisfireThreshold = CheckIn;
                    });
                });
            }
            else
            {
                q.UseInMemoryStore(o => o.MisfireThreshold = Missed);
            }

            q.AddJob<TickJob>(j => j.WithIdentity(TickJob.Key).StoreDurably());
        });
        services.AddQuartzHostedService(o => o.WaitForJobsToComplete = true);
        services.AddHostedService(s => s.GetRequiredService<ScheduleRunner>());
        return services;
    }
}
