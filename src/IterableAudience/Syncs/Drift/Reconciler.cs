using System.Collections.Concurrent;
using System.Text.Json;
using IterableAudience.Accounts;
using IterableAudience.Connections;
using IterableAudience.Hosting;
using IterableAudience.Iterable;
using IterableAudience.Records;
using IterableAudience.Store;
using IterableAudience.Syncs.Ledger;
using IterableAudience.Syncs.Nodes;
using IterableAudience.Syncs.Plan;
using Microsoft.EntityFrameworkCore;

namespace IterableAudience.Syncs.Drift;

/// <summary>
/// Compares the ledger with Iterable's list, in the background: reading a large list takes as long as Iterable takes. A list that breaks off gives no verdict, and a
/// comparison that the service's stop cuts off is over.
/// </summary>
internal sealed partial class Reconciler(
    Func<StoreContext> open, LeanStore store, KeyedHash hash, ProjectDirectory projects, ListReader reader, NodeClaims node, SyncMonitor monitor, TimeProvider time, ILogger<Reconciler> logger)
{
    private const string Gone = "The service stopped while it read the list. Ask again.";
    private readonly ConcurrentDictionary<string, bool> _running = new();

    /// <summary>Starts a comparison.</summary>
    /// <returns>Its id, or that of the one that runs already.</returns>
    public async Task<string> StartAsync(Connection connection, CancellationToken cancel)
    {
        await using var db = open();
        foreach (var other in await db.Reconciles.Where(r => r.ConnectionNo == connection.No && r.Status == ReconcileStatus.Running).ToListAsync(cancel))
        {
            if (await IsAliveAsync(db, other, cancel))
            {
                return other.Id;
            }
        }

        var reconcile = new Reconcile { Id = ShortId.New(), ConnectionNo = connection.No, Status = ReconcileStatus.Running, Node = node.Id, StartedAt = time.GetUtcNow() };
        db.Reconciles.Add(reconcile);
        _running[reconcile.Id] = true; // before anybody can find it
        try
        {
            await db.SaveChangesAsync(cancel);
        }
        catch
        {
            _running.TryRemove(reconcile.Id, out _);
            throw;
        }

        _ = Task.Run(() => RunAsync(reconcile.Id, connection), CancellationToken.None);
        return reconcile.Id;
    }

    /// <summary>A comparison as it stands.</summary>
    public async Task<Reconcile?> FindAsync(Connection connection, string id, CancellationToken cancel)
    {
        await using var db = open();
        var found = await db.Reconciles.SingleOrDefaultAsync(r => r.Id == id && r.ConnectionNo == connection.No, cancel);
        if (found is not { Status: ReconcileStatus.Running } || await IsAliveAsync(db, found, cancel))
        {
            return found;
        }

        await db.Entry(found).ReloadAsync(cancel); // it may have come to its end between the two looks
        if (found.Status == ReconcileStatus.Running)
        {
            (found.Status, found.Error, found.FinishedAt) = (ReconcileStatus.Failed, Gone, time.GetUtcNow());
        }

        return found;
    }

    /// <summary>Whether the node that reads is still there; on an embedded store that is this process, or nobody.</summary>
    private async Task<bool> IsAliveAsync(StoreContext db, Reconcile reconcile, CancellationToken cancel)
    {
        if (reconcile.Node == node.Id)
        {
            return _running.ContainsKey(reconcile.Id);
        }

        var until = await db.Nodes.Where(n => n.Id == reconcile.Node).Select(n => (long?)n.Until).SingleOrDefaultAsync(cancel);
        return until > time.GetUtcNow().ToUnixTimeMilliseconds();
    }

    private async Task RunAsync(string id, Connection connection)
    {
        var (status, error, report) = (ReconcileStatus.Failed, Gone, (DriftReport?)null);
        try
        {
            report = await CompareAsync(connection, monitor.Stopping);
            (status, error) = (ReconcileStatus.Completed, "");
        }
        catch (OperationCanceledException) when (monitor.Stopping.IsCancellationRequested)
        {
            // as it says
        }
        catch (IterableFailureException e)
        {
            error = e.Message;
        }
#pragma warning disable CA1031 // nobody awaits this task: what is not logged here is lost
        catch (Exception e)
#pragma warning restore CA1031
        {
            Log.Broken(logger, e);
            error = $"The service met an error of its own ({e.GetType().Name}); its log has the details.";
        }

        try
        {
            await using var db = open();
            await db.Reconciles.Where(r => r.Id == id).ExecuteUpdateAsync(u => u
                .SetProperty(r => r.Status, status)
                .SetProperty(r => r.Error, error)
                .SetProperty(r => r.ReportJson, report is null ? null : JsonSerializer.Serialize(report, JsonSetup.Options))
                .SetProperty(r => r.FinishedAt, time.GetUtcNow()));
        }
        catch (Exception e) when (StoreTrouble.Is(e))
        {
            // whoever asks finds nobody reading
        }

        _running.TryRemove(id, out _);
    }

    private async Task<DriftReport> CompareAsync(Connection connection, CancellationToken cancel)
    {
        var project = await projects.ForConnectionAsync(connection, cancel);
        var before = Version(connection);
        using var users = new DriftCount();
        using var emails = new DriftCount();
        var (anyUser, anyEmail) = AddLedger(connection, project.Type, users, emails, cancel);

        // Each person is one line, under one identifier: a hybrid list has to be asked for both, if the ledger knows some people by their e-mail only.
        var byUser = project.Type == ProjectType.UserIdBased || (project.Type == ProjectType.Hybrid && (anyUser || !anyEmail));
        if (byUser)
        {
            await reader.ReadAsync(project, connection.AudienceId, preferUserId: true, l => users.Add(DriftCount.Side.List, hash.User(l), l), cancel);
        }

        if (!byUser || anyEmail)
        {
            await reader.ReadAsync(project, connection.AudienceId, preferUserId: false, l => AddEmail(emails, DriftCount.Side.List, l), cancel);
        }

        users.Count(cancel);
        emails.Count(cancel);
        var first = byUser ? users : emails; // both have every person of the list
        var strangers = byUser && anyEmail && emails.Strangers.Count > 0 ? emails.Strangers : first.Strangers; // by the userId, people whom we know by the e-mail are strangers
        var (there, oursAndThere, byOthers) = (first.There, users.OursAndThere + emails.OursAndThere, Math.Max(0, users.ThereByOthers + emails.ThereByOthers - emails.OursAmongOthers));
        var ours = users.Ours + emails.Ours;
        return new(
            ours, there, oursAndThere, ours - oursAndThere, Math.Max(0, there - oursAndThere - byOthers), byOthers, Version(connection) != before,
            new([.. users.Missing.Concat(emails.Missing).Take(20)], there > oursAndThere + byOthers ? strangers : []));
    }

    /// <summary>Says who is in the ledger of the list: by userId where there is one, else by e-mail.</summary>
    private (bool AnyUser, bool AnyEmail) AddLedger(Connection connection, ProjectType type, DriftCount users, DriftCount emails, CancellationToken cancel)
    {
        var (anyUser, anyEmail) = (false, false);
        List<LedgerEntry> entries = [];
        foreach (var of in store.Read(c => c.Rows("SELECT connection FROM ledger_count WHERE list = @l", r => r.GetInt64(0), ("@l", connection.ListNo))))
        {
            for (var part = 0; part < 256; part++)
            {
                cancel.ThrowIfCancellationRequested();
                entries.Clear();
                var from = (long)((ulong)part << 56) ^ long.MinValue;
                store.Read(c =>
                {
                    using var ledger = new LedgerReader(c, connection.ListNo, of);
                    ledger.OfRange(from, from | 0x00FF_FFFF_FFFF_FFFF, entries);
                    return true;
                });
                foreach (var entry in entries)
                {
                    var side = of == connection.No && entry.IsMember ? DriftCount.Side.Ours : DriftCount.Side.Others;
                    var identity = entry.Identity;
                    if (type != ProjectType.EmailBased && identity.UserId is { } userId)
                    {
                        users.Add(side, hash.User(userId), userId);
                        anyUser = true;
                        if (type == ProjectType.Hybrid && identity.Email is { } known)
                        {
                            // Another row may have the same person by the e-mail only.
                            AddEmail(emails, side == DriftCount.Side.Ours ? DriftCount.Side.OursByUser : DriftCount.Side.OthersByUser, known);
                        }
                    }
                    else if (identity.Email is { } email)
                    {
                        AddEmail(emails, side, email);
                        anyEmail = true;
                    }
                }
            }
        }

        return (anyUser, anyEmail);
    }

    private void AddEmail(DriftCount emails, DriftCount.Side side, string email)
    {
        var normalized = email.ToLowerInvariant();
        emails.Add(side, hash.Email(normalized), normalized);
    }

    private long Version(Connection connection)
        => store.Read(c => c.Count("SELECT \"LedgerVersion\" FROM audience_list WHERE \"No\" = @l", ("@l", connection.ListNo)));

    private static partial class Log
    {
        [LoggerMessage(180, LogLevel.Error, "A comparison of the ledger with a list met an error of the service itself.")]
        public static partial void Broken(ILogger logger, Exception exception);
    }
}
