using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace IterableAudience.Store;

/// <summary>
/// Folds the write-ahead log back into the file, on a thread and a connection of its own: a checkpoint waits for the disk twice, and the writer
/// goes on meanwhile. Beside a writer that never rests it doesn't catch up, and the log grows: at 256 MiB the writer makes one itself, and begins the log anew.
/// A checkpoint that fails is tried again with the next one that is due; what can't be written for good the writer meets itself.
/// </summary>
/// <remarks>Not for SQLite before 3.51.3, which a checkpoint beside a writer can damage (https://sqlite.org/wal.html#walresetbug); a test says which one comes with the packages.</remarks>
internal sealed class SqliteCheckpoints : IDisposable
{
    /// <summary>Pages written since the last checkpoint, before the next is due: 32 MiB of 8 KiB.</summary>
    private const int Every = 4096;

    /// <summary>Pages of the log, before the writer makes a checkpoint: 256 MiB of 8 KiB.</summary>
    private const int Most = 32768;

    private const string Checkpoint = "PRAGMA wal_checkpoint(PASSIVE)";
    private const int PagesWritten = 9; // SQLITE_DBSTATUS_CACHE_WRITE

    private readonly Func<SqliteConnection> _open;
    private readonly AutoResetEvent _due = new(false);
    private readonly Thread _thread;
    private readonly Lock _one = new();
    private volatile bool _ended;
    private int _pages;
    private int _pagesOfLog;

    /// <param name="open">Opens a connection that nobody else uses.</param>
    public SqliteCheckpoints(Func<SqliteConnection> open)
    {
        _open = open;
        _thread = new Thread(Work) { IsBackground = true, Name = "store checkpoint" };
        _thread.Start();
    }

    /// <summary>To be called by the writer after each commit.</summary>
    public void Committed(SqliteConnection writer)
    {
        if (raw.sqlite3_db_status(writer.Handle, PagesWritten, out var pages, out _, 1) != raw.SQLITE_OK)
        {
            return;
        }

        _pages += pages;
        _pagesOfLog += pages;
        if (_pagesOfLog >= Most)
        {
            (_pages, _pagesOfLog) = (0, 0);
            Run(writer);
        }
        else if (_pages >= Every)
        {
            _pages = 0;
            _due.Set();
        }
    }

    public void Dispose()
    {
        _ended = true;
        _due.Set();
        _thread.Join();
        _due.Dispose();
    }

    private void Work()
    {
        SqliteConnection? connection = null;
        while (_due.WaitOne() && !_ended)
        {
            try
            {
                connection ??= _open();
            }
            catch (SqliteException)
            {
                continue;
            }

            if (!Run(connection))
            {
                connection.Dispose();
                connection = null;
            }
        }

        connection?.Dispose();
    }

    /// <summary>One at a time: SQLite would turn the second away.</summary>
    private bool Run(SqliteConnection connection)
    {
        lock (_one)
        {
            try
            {
                connection.Run(Checkpoint);
                return true;
            }
            catch (SqliteException)
            {
                return false;
            }
        }
    }
}
