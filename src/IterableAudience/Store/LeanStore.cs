using Microsoft.Data.Sqlite;

namespace IterableAudience.Store;

/// <summary>
/// The way to the lean tables. SQLite has one writer: all writes queue for it, instead of waking each other up by
/// timeouts. Readers take connections of their own and see the last committed state (WAL).
/// </summary>
internal sealed class LeanStore(string connectionString) : IDisposable
{
    /// <summary>16 MiB of pages at hand (what is written is written in order), and a write-ahead log of up to 64 MiB before it is folded back into the file: each folding waits for the disk.</summary>
    private const string WriterPragmas = "PRAGMA cache_size=-16384; PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=8192; PRAGMA journal_size_limit=67108864;";

    private readonly Lazy<StoreWriter> _writer = new(() => new StoreWriter(() => Open(Unshared(connectionString), WriterPragmas)));

    /// <summary>SQLite's code of the last write if it failed for want of room, rights or a whole file; null since a write has worked.</summary>
    public int? Trouble => _writer.IsValueCreated ? _writer.Value.Trouble : null;

    /// <summary>
    /// Runs <paramref name="work"/> in a transaction that is committed when it returns and rolled back when it throws; with whatever else
    /// waits for the writer, see <see cref="StoreWriter"/>.
    /// </summary>
    /// <param name="work">The writes; short (50,000 rows at most), so that nobody waits long for the writer.</param>
    /// <param name="durable">True: on the disk before this returns. False: a power cut may lose it; it is only done again then.</param>
    /// <param name="cancel">Stops waiting for the writer; work that has begun is finished.</param>
    public async Task<T> WriteAsync<T>(Func<SqliteConnection, T> work, bool durable, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        using var timing = StoreTelemetry.Come(durable);
        var job = new WriteJob<T>(c =>
        {
            timing.Begin();
            return work(c);
        }) { Durable = durable };
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

    public Task WriteAsync(Action<SqliteConnection> work, bool durable, CancellationToken cancel)
        => WriteAsync(
            c =>
            {
                work(c);
                return true;
            },
            durable,
            cancel);

    /// <summary>Runs a read on a connection of its own.</summary>
    public T Read<T>(Func<SqliteConnection, T> work)
    {
        using var connection = OpenRead();
        return work(connection);
    }

    /// <summary>A connection for reads that go on for a while; the caller disposes of it.</summary>
    public SqliteConnection OpenRead() => Open(connectionString, "PRAGMA cache_size=-2048;");

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
