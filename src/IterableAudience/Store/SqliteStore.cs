using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace IterableAudience.Store;

/// <summary>The embedded store. SQLite has one writer: all writes queue for it, instead of waking each other up by timeouts; readers see the last commit (WAL).</summary>
/// <remarks>One process to a store (<see cref="StoreLock"/>), so a claim is never lost to another one.</remarks>
internal sealed class SqliteStore(string connectionString) : LeanStore, IDisposable
{
    /// <summary>
    /// 16 MiB of pages at hand (what is written is written in order). The write-ahead log is folded back by <see cref="SqliteCheckpoints"/>; when it begins
    /// anew, its file is cut to 64 MiB.
    /// </summary>
    private const string WriterPragmas = "PRAGMA cache_size=-16384; PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=0; PRAGMA journal_size_limit=67108864;";

    private readonly Lazy<StoreWriter> _writer = new(() => new StoreWriter(
        () => Open(Unshared(connectionString), WriterPragmas),
        new SqliteCheckpoints(() => Open(Unshared(connectionString), "PRAGMA synchronous=NORMAL; PRAGMA cache_size=-64;"))));

    /// <inheritdoc/>
    public override string? Trouble => _writer.IsValueCreated && _writer.Value.Trouble is { } code ? StoreErrors.Explain(code) : null;

    /// <inheritdoc/>
    public override bool MayForget => false;

    /// <inheritdoc/>
    /// <remarks>Committed with whatever else waits for the writer, see <see cref="StoreWriter"/>.</remarks>
    public override async Task<T> WriteAsync<T>(Func<DbConnection, T> work, bool durable, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        using var timing = StoreTelemetry.Come(durable);
        var job = new WriteJob<T>(timing.Timed(work)) { Durable = durable };
        using var registration = cancel.Register(() =>
        {
            if (job.TryGiveUp())
            {
                job.Cancelled(cancel);
            }
        });
        _writer.Value.Add(job);
        return await job.Task;
    }

    /// <inheritdoc/>
    public override DbConnection OpenRead() => Open(connectionString, "PRAGMA cache_size=-2048;");

    /// <inheritdoc/>
    public override LeanStore For(SyncClaim claim) => this;

    public void Dispose()
    {
        if (_writer.IsValueCreated)
        {
            _writer.Value.Dispose();
        }
    }

    /// <summary>The writer's settings are its own: from a pool, a connection with them would come back to it after trouble, or go to somebody else.</summary>
    private static string Unshared(string connectionString) => new SqliteConnectionStringBuilder(connectionString) { Pooling = false }.ToString();

    private static SqliteConnection Open(string connectionString, string pragmas)
    {
        var connection = new SqliteConnection(connectionString);
        try
        {
            connection.Open();
            connection.Run(pragmas);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }
}
