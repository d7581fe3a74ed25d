using IterableAudience.Store;
using IterableAudience.Tests.Plan;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace IterableAudience.Tests.Store;

public sealed class StoreFileTests
{
    [Fact]
    public async Task The_store_reads_while_it_writes()
    {
        await using var host = new ScenarioHost();
        host.Iterable.Add();
        var store = host.Store;
        await store.WriteAsync(
            write =>
            {
                write.Run("INSERT INTO ledger_count (list, connection, members, maybes, leaving) VALUES (1, 1, 7, 0, 0)");

                // With a rollback journal this read would wait for the writer, and the writer for this read: neither would end.
                Assert.Equal(0, store.Read(c => c.Count("SELECT count(*) FROM ledger_count")));
            },
            durable: false,
            TestContext.Current.CancellationToken);
        Assert.Equal(1, store.Read(c => c.Count("SELECT count(*) FROM ledger_count")));
    }

    [Fact]
    public async Task A_store_that_was_made_with_a_rollback_journal_gets_a_write_ahead_log()
    {
        var folder = Directory.CreateTempSubdirectory("iterable-audience-").FullName;
        try
        {
            var file = Path.Combine(folder, "store.db");
            await using (var old = new SqliteConnection($"Data Source={file};Pooling=False"))
            {
                old.Open();
                old.Run("PRAGMA journal_mode=DELETE");
                old.Run("CREATE TABLE before (a)");
            }

            await using var host = new TestHost().On(folder);
            Assert.Equal("wal", host.Provider.GetRequiredService<LeanStore>().Read(c => c.Rows("PRAGMA journal_mode", r => r.GetString(0))).Single());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
