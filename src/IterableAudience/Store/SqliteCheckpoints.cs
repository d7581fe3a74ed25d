using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace IterableAudience.Store;

/// <summary>
/// Folds the write-ahead log back into the file, on a thread and a connection of its own: a checkpoint waits for the disk twice, and the writer
/// goes on meanwhile. A checkpoint that fails is tried again with the next one that is due; what can't be written for good the writer meets itself.
/// </summary>
internal sealed class SqliteCheckpoints : IDisposable
{
    /// <summary>Pages written since the last checkpoint, before the next is due: 32 MiB of 8 KiB.</summary>
    private const int Every = 4096;

    private const int PagesWritten = 9; // SQLITE_DBSTATUS_CACHE_WRITE

    private readonly Func<SqliteConnection> _open;
    private readonly AutoResetEvent _due = new(false);
    private readonly Thread _thread;
    private volatile bool _ended;
    private int _pages;

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
        if (_pages >= Every)
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
                connection.Run("PRAGMA wal_checkpoint(PASSIVE)");
            }
            catch (SqliteException)
            {
                connection?.Dispose();
                connection = null;
            }
        }

        connection?.Dispose();
    }
}
