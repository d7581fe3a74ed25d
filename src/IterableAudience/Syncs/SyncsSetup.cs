using IterableAudience.Hosting;
using IterableAudience.Iterable;
using IterableAudience.Store;
using IterableAudience.Syncs.Drift;
using IterableAudience.Syncs.Intake;
using IterableAudience.Syncs.Mirror;
using IterableAudience.Syncs.Nodes;
using IterableAudience.Syncs.Plan;
using IterableAudience.Syncs.Retention;
using IterableAudience.Syncs.Scheduling;
using Microsoft.Extensions.Options;
using Npgsql;

namespace IterableAudience.Syncs;

/// <summary>Registers the spine and what runs it.</summary>
internal static class SyncsSetup
{
    /// <summary>
    /// For what was answered at the last moment. With the time of <see cref="SharedNode"/> for its claims, which comes after it, and some seconds for closing the
    /// store it stays below the 30 seconds that a process has from SIGTERM to its end.
    /// </summary>
    private static readonly TimeSpan TimeToRecord = TimeSpan.FromSeconds(3);

    public static IServiceCollection AddSyncs(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<IntakeOptions>().Bind(configuration.GetSection("Intake"))
            .Validate(o => o.MaxSilence > TimeSpan.Zero && o.MaxSilence <= TimeSpan.FromHours(1), "Intake__MaxSilence must be above zero and at most an hour, e.g. 00:01:00.")
            .ValidateOnStart();
        services.AddSingleton(s => new KeyedHash(s.GetRequiredService<StoreSecrets>().HashSeed));
        services.AddSingleton<Ledger.LedgerCounts>();
        services.AddSingleton<SyncMonitor>()
            .AddSingleton<SyncFeed>();
        services.AddNode(configuration);
        services.AddSingleton<SyncClaims>();
        services.AddSingleton<SyncWorkLoader>();
        services.AddSingleton<Planner>();
        services.AddSingleton<SyncCloser>();
        services.AddSingleton<AbandonedSyncs>();
        services.AddSingleton<Pull>();
        services.AddSingleton<SourceStart>();
        services.AddSingleton<Reconciler>();
        services.AddSingleton<WarehouseLog>();
        services.AddSingleton<SyncRunner>();
        services.AddSingleton<SyncQueue>();
        services.AddHostedService(s => s.GetRequiredService<SyncQueue>());
        services.AddProblem<ClaimLostException>(_ => ProblemAnswer.Of(
            StatusCodes.Status503ServiceUnavailable, "This node has lost its claim on the sync, because it could not reach the store for a while. Nothing was sent; push the records again."));
        services.AddOptions<RetentionOptions>().Bind(configuration.GetSection(RetentionOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<RetentionOptions>, RetentionFaults>();
        services.AddSingleton<Purge>();
        services.AddHostedService<RetentionWorker>();
        services.AddHostedService<SyncGauges>();
        services.AddScheduling(StoreLocation.From(configuration));
        services.AddSingleton<Push>();
        services.AddSingleton<Approval>();
        // Of the connection that the examples name, so that both ids of a path fit together.
        services.AddLiveId("{syncId}", null, db => db.Syncs
            .Where(s => s.ConnectionNo == db.Connections.Where(c => !c.Deleted).Max(c => (long?)c.No)).OrderByDescending(s => s.No).Select(s => s.Id).FirstOrDefault());
        services.AddLiveId("{reconcileId}", null, db => db.Reconciles
            .Where(r => r.ConnectionNo == db.Connections.Where(c => !c.Deleted).Max(c => (long?)c.No)).OrderByDescending(r => r.StartedAt).Select(r => r.Id).FirstOrDefault());
        services.Configure<HostOptions>(o => o.ShutdownTimeout = LastCall.Patience + TimeToRecord);
        return services;
    }

    /// <summary>Before the queue, so that it lives longer: what the queue leaves is given back when nothing works on it any more.</summary>
    private static void AddNode(this IServiceCollection services, IConfiguration configuration)
    {
        if (!StoreLocation.From(configuration).IsPostgres)
        {
            services.AddSingleton<NodeClaims, SoleNode>();
            return;
        }

        // Connections of its own: a burst of syncs that has taken all others must not keep it from renewing its lease.
        services.AddKeyedSingleton(nameof(SharedNode), (s, _) => NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(s.GetRequiredService<StoreLocation>().ConnectionString) { MaxPoolSize = 2 }.ToString()));
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<SharedNode>(
            s, new PostgresStore(s.GetRequiredKeyedService<NpgsqlDataSource>(nameof(SharedNode)))));
        services.AddSingleton<NodeClaims>(s => s.GetRequiredService<SharedNode>());
        services.AddHostedService(s => s.GetRequiredService<SharedNode>());
        services.AddSingleton(s => new LiveNodes(() => s.GetRequiredService<SharedNode>().LiveNodes));
    }

    private sealed class RetentionFaults : IValidateOptions<RetentionOptions>
    {
        public ValidateOptionsResult Validate(string? name, RetentionOptions options)
        {
            var faults = options.Faults().ToList();
            return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
        }
    }
}
