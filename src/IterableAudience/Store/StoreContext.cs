using IterableAudience.Accounts;
using IterableAudience.Connections;
using IterableAudience.Destinations;
using IterableAudience.Hosting;
using IterableAudience.Sources;
using IterableAudience.Syncs;
using IterableAudience.Syncs.Drift;
using IterableAudience.Syncs.Mirror;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace IterableAudience.Store;

/// <summary>
/// Configuration and reports. What a sync moves by the million (records, plan, outcomes, ledger) is not here but in the
/// lean tables, written set-based; a change tracker is no place for it.
/// </summary>
public abstract class StoreContext(DbContextOptions options) : DbContext(options)
{
    public DbSet<Account> Accounts => Set<Account>();

    public DbSet<Destination> Destinations => Set<Destination>();

    public DbSet<Source> Sources => Set<Source>();

    public DbSet<Preview> Previews => Set<Preview>();

    public DbSet<Connection> Connections => Set<Connection>();

    public DbSet<ConnectionDraft> Drafts => Set<ConnectionDraft>();

    public DbSet<AudienceList> Lists => Set<AudienceList>();

    public DbSet<Sync> Syncs => Set<Sync>();

    public DbSet<Baseline> Baselines => Set<Baseline>();

    public DbSet<SourceRun> SourceRuns => Set<SourceRun>();

    public DbSet<Reconcile> Reconciles => Set<Reconcile>();

    public DbSet<ApiToken> Tokens => Set<ApiToken>();

    public DbSet<Setting> Settings => Set<Setting>();

    public DbSet<Node> Nodes => Set<Node>();

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
        // SQLite can't order by DateTimeOffset; UTC milliseconds sort everywhere.
        => configurationBuilder.Properties<DateTimeOffset>().HaveConversion<UtcMilliseconds>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<Account>(e =>
        {
            e.ToTable("account").HasKey(a => a.Id);
            e.HasIndex(a => a.Name).IsUnique();
        });
        modelBuilder.Entity<Destination>(e =>
        {
            e.ToTable("destination").HasKey(d => d.Id);
            e.HasIndex(d => d.Name).IsUnique();
            e.HasIndex(d => d.AccountId);
        });
        modelBuilder.Entity<Source>(e =>
        {
            e.ToTable("source").HasKey(s => s.Id);
            e.HasIndex(s => s.AccountId);
        });
        modelBuilder.Entity<Preview>().ToTable("preview").HasKey(p => p.Id);
        modelBuilder.Entity<Connection>(e =>
        {
            e.ToTable("connection").HasKey(c => c.No);
            e.Property(c => c.No).ValueGeneratedOnAdd();
            e.HasIndex(c => c.Id).IsUnique();
            e.HasIndex(c => c.DestinationId);
            e.HasIndex(c => c.SourceId);
            e.HasIndex(c => c.ListNo);
        });
        modelBuilder.Entity<ConnectionDraft>().ToTable("connection_draft").HasKey(d => d.Id);
        modelBuilder.Entity<AudienceList>(e =>
        {
            e.ToTable("audience_list").HasKey(l => l.No);
            e.Property(l => l.No).ValueGeneratedOnAdd();
            e.HasIndex(l => new { l.DataCenter, l.ListId }).IsUnique();
        });
        modelBuilder.Entity<Sync>(e =>
        {
            e.ToTable("sync").HasKey(s => s.No);
            e.Property(s => s.No).ValueGeneratedOnAdd();
            e.HasIndex(s => s.Id).IsUnique();
            e.HasIndex(s => new { s.ConnectionNo, s.No });
            e.HasIndex(s => s.ConnectionNo, "ux_sync_active").IsUnique().HasFilter("\"Active\"");
            e.HasIndex(s => new { s.ConnectionNo, s.IdempotencyKey }).IsUnique().HasFilter("\"IdempotencyKey\" IS NOT NULL");
        });
        modelBuilder.Entity<Baseline>(e =>
        {
            e.ToTable("baseline").HasKey(b => b.ConnectionNo);
            e.Property(b => b.ConnectionNo).ValueGeneratedNever();
        });
        modelBuilder.Entity<SourceRun>(e =>
        {
            e.ToTable("source_run").HasKey(r => r.SyncNo);
            e.Property(r => r.SyncNo).ValueGeneratedNever();
            e.HasIndex(r => r.ConnectionNo);
        });
        modelBuilder.Entity<Reconcile>(e =>
        {
            e.ToTable("reconcile").HasKey(r => r.Id);
            e.HasIndex(r => r.ConnectionNo);
        });
        modelBuilder.Entity<ApiToken>(e =>
        {
            e.ToTable("api_token").HasKey(t => t.Id);
            e.HasIndex(t => t.Hash).IsUnique();
        });
        modelBuilder.Entity<Node>().ToTable("node").HasKey(n => n.Id);
        modelBuilder.Entity<Setting>().ToTable("setting").HasKey(s => s.Name);
    }

    private sealed class UtcMilliseconds() : ValueConverter<DateTimeOffset, long>(
        v => v.ToUnixTimeMilliseconds(),
        v => DateTimeOffset.FromUnixTimeMilliseconds(v));
}

/// <summary>The embedded default store.</summary>
public sealed class SqliteStoreContext(DbContextOptions<SqliteStoreContext> options) : StoreContext(options);

/// <summary>The store on a PostgreSQL server.</summary>
public sealed class PostgresStoreContext(DbContextOptions<PostgresStoreContext> options) : StoreContext(options);
