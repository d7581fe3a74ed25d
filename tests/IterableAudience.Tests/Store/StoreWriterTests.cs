using System.Data.Common;
using IterableAudience.Store;
using Microsoft.Data.Sqlite;
using Xunit;

namespace IterableAudience.Tests.Store;

/// <summary>Jobs that share a transaction share nothing else.</summary>
public sealed class StoreWriterTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("iterable-audience-").FullName;
    private readonly SqliteStore _store;

    public StoreWriterTests()
    {
        _store = new SqliteStore($"Data Source={Path.Combine(_folder, "store.db")}"); // with a pool, as in service
        using var connection = _store.OpenRead();
        connection.Run("PRAGMA journal_mode=WAL");
        connection.Run("CREATE TABLE row (name TEXT PRIMARY KEY, filling BLOB)");
    }

    public void Dispose()
    {
        _store.Dispose();
        using (var pooled = new SqliteConnection($"Data Source={Path.Combine(_folder, "store.db")}"))
            SqliteConnection.ClearPool(pooled);
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_job_that_fails_costs_only_itself(bool byStore)
    {
        using var gate = new ManualResetEventSlim();
        var first = Write("first", _ => gate.Wait(TestContext.Current.CancellationToken));
        var good = Write("good");
        var bad = Write("bad", c =>
        {
            if (byStore)
            {
                c.Run("INSERT INTO row (name) VALUES ('good')"); // there already
            }

            throw new InvalidOperationException();
        });
        var other = Write("other", durable: true);
        gate.Set();

        await first;
        await good;
        await other;
        Assert.Equal(byStore ? typeof(SqliteException) : typeof(InvalidOperationException), (await Xunit.Record.ExceptionAsync(() => bad))?.GetType());
        Assert.Equal("first, good, other", Names());
        Assert.Null(_store.Trouble);
    }

    [Fact]
    public async Task The_write_ahead_log_stays_bounded_however_much_is_written_without_a_rest()
    {
        for (var i = 0; i < 75; i++)
        {
            await _store.WriteAsync(
                c => c.Run("INSERT INTO row (name, filling) SELECT @n, zeroblob(4194304)", ("@n", $"{i}")), durable: false, TestContext.Current.CancellationToken);
        }

        // Pages have 4 KiB here: 128 MiB, and the last transaction.
        var log = new FileInfo(Path.Combine(_folder, "store.db-wal")).Length;
        Assert.True(log < 150 * 1024 * 1024, $"The log has {log} bytes of the 300 MiB that were written.");
    }

    /// <summary>Before 3.51.3, a checkpoint on one thread beside a writer on another could damage the file.</summary>
    [Fact]
    public void The_SQLite_that_comes_with_the_packages_bears_checkpoints_beside_a_writer()
    {
        using var connection = _store.OpenRead();
        Assert.True(Version.Parse(connection.Rows("SELECT sqlite_version()", r => r.GetString(0))[0]) >= new Version(3, 51, 3));
    }

    [Fact]
    public async Task A_store_without_room_fails_all_who_share_the_transaction_and_goes_on_when_there_is_room()
    {
        using var gate = new ManualResetEventSlim();
        var first = Write("first", c =>
        {
            c.Run("PRAGMA max_page_count=20"); // of this connection
            gate.Wait(TestContext.Current.CancellationToken);
        });
        var large = Write("large", c => c.Run("UPDATE row SET filling = zeroblob(1000000)"));
        gate.Set();

        Assert.Equal(13, (await Assert.ThrowsAsync<SqliteException>(() => first)).SqliteErrorCode);
        Assert.Equal(13, (await Assert.ThrowsAsync<SqliteException>(() => large)).SqliteErrorCode);
        Assert.StartsWith("the disk is full", _store.Trouble, StringComparison.Ordinal);
        Assert.Equal("", Names());

        Assert.Equal(2, _store.Read(c => c.Count("PRAGMA synchronous"))); // nobody got the writer's connection
        await Write("later");
        Assert.Equal("later", Names());
        Assert.Null(_store.Trouble);
    }

    [Fact]
    public async Task Whoever_gives_up_waiting_has_written_nothing_and_whose_work_has_begun_is_told_how_it_ended()
    {
        using var gate = new ManualResetEventSlim();
        using var begun = new SemaphoreSlim(0);
        using var cancel = new CancellationTokenSource();
        var running = Write(
            "running",
            _ =>
            {
                begun.Release();
                gate.Wait(TestContext.Current.CancellationToken);
            },
            cancel: cancel.Token);
        var waiting = Write("waiting", cancel: cancel.Token);
        await begun.WaitAsync(TestContext.Current.CancellationToken);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting); // while the other one still runs
        gate.Set();
        await running;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Write("late", cancel: cancel.Token));
        Assert.Equal("running", Names());
    }

    private Task Write(string name, Action<DbConnection>? more = null, bool durable = false, CancellationToken? cancel = null)
        => _store.WriteAsync(
            c =>
            {
                c.Run("INSERT INTO row (name) VALUES (@n)", ("@n", name));
                more?.Invoke(c);
            },
            durable,
            cancel ?? TestContext.Current.CancellationToken);

    private string Names() => string.Join(", ", _store.Read(c => c.Rows("SELECT name FROM row ORDER BY name", r => r.GetString(0))));
}
