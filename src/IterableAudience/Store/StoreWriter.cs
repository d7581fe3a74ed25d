using System.Collections.Concurrent;
using System.Data.Common;
using System.Diagnostics;
using Microsoft.Data.Sqlite;

namespace IterableAudience.Store;

/// <summary>
/// The one writer that SQLite has: a thread with a connection of its own that takes the jobs in their order. What waits while it works shares
/// one transaction, so that many small jobs cost one commit; each has a savepoint, so that one that fails costs only itself.
/// </summary>
internal sealed class StoreWriter : IDisposable
{
    /// <summary>A group takes no further job after this: whoever waits, waits for this long besides its own job.</summary>
    private static readonly TimeSpan GroupTime = TimeSpan.FromMilliseconds(20);

    private const int GroupSize = 16;

    private readonly BlockingCollection<WriteJob> _jobs = [];
    private readonly List<WriteJob> _group = [];
    private readonly Func<SqliteConnection> _open;
    private readonly SqliteCheckpoints _checkpoints;
    private readonly Thread _thread;
    private WriteJob? _carried;
    private SqliteConnection? _connection;
    private bool _isDurable;
    private int? _trouble;

    /// <param name="open">Opens a connection with the writer's settings.</param>
    /// <param name="checkpoints">Is told of each commit.</param>
    public StoreWriter(Func<SqliteConnection> open, SqliteCheckpoints checkpoints)
    {
        _open = open;
        _checkpoints = checkpoints;
        _thread = new Thread(Work) { IsBackground = true, Name = "store writer" };
        _thread.Start();
    }

    /// <summary>SQLite's code of the last write if it failed for want of room, rights or a whole file; null since a write has worked.</summary>
    public int? Trouble => _trouble;

    public void Add(WriteJob job) => _jobs.Add(job);

    /// <summary>Finishes what was added.</summary>
    public void Dispose()
    {
        _jobs.CompleteAdding();
        _thread.Join();
        _checkpoints.Dispose();
        _jobs.Dispose();
    }

    private void Work()
    {
        foreach (var job in _jobs.GetConsumingEnumerable())
        {
            Write(job);
            while (_carried is { } carried)
            {
                _carried = null;
                Write(carried);
            }
        }

        _connection?.Dispose();
    }

    private void Write(WriteJob first)
    {
        _group.Clear();
        try
        {
            Connect(first.Durable);
            var started = Stopwatch.GetTimestamp();
            using var transaction = _connection!.BeginTransaction(deferred: false);
            for (var job = first; job is not null; job = Next(started))
            {
                if (job.TryBegin())
                {
                    Run(_connection, job);
                }
            }

            transaction.Commit();
            _trouble = null;
            _checkpoints.Committed(_connection);
        }
#pragma warning disable CA1031 // the thread outlives every failure; those who wait are told
        catch (Exception e)
#pragma warning restore CA1031
        {
            // A writer that met a full disk or a broken file starts again from a fresh connection.
            _trouble = (e as SqliteException)?.SqliteErrorCode ?? _trouble;
            _connection?.Dispose();
            _connection = null;
            if (_group.Count == 0 && first.TryBegin())
            {
                _group.Add(first);
            }

            _group.ForEach(job => job.Failed(e));
            return;
        }

        _group.ForEach(job => job.Committed());
    }

    /// <summary>Opens the connection if need be. How a commit reaches the disk can only be said before its transaction begins.</summary>
    private void Connect(bool durable)
    {
        if (_connection is null)
        {
            _connection = _open();
            _isDurable = !durable;
        }

        if (_isDurable != durable)
        {
            _connection.Run(durable ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
            _isDurable = durable;
        }
    }

    /// <summary>The next job of the group, if one waits. One that wants the disk begins a group of its own.</summary>
    private WriteJob? Next(long started)
    {
        if (_group.Count >= GroupSize || Stopwatch.GetElapsedTime(started) >= GroupTime || !_jobs.TryTake(out var job))
        {
            return null;
        }

        if (job.Durable && !_isDurable)
        {
            _carried = job;
            return null;
        }

        return job;
    }

    /// <summary>Runs one job of the group. Trouble of the store is thrown, since it has spoilt the whole transaction.</summary>
    private void Run(SqliteConnection connection, WriteJob job)
    {
        _group.Add(job);
        connection.Run("SAVEPOINT job");
        try
        {
            job.Run(connection);
            connection.Run("RELEASE job");
        }
        catch (Exception e) when (e is not DbException trouble || trouble.IsOfTheStatement())
        {
            connection.Run("ROLLBACK TO job; RELEASE job");
            _group.Remove(job);
            job.Failed(e);
        }
    }
}
