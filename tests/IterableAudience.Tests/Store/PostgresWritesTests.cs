using System.Data.Common;
using IterableAudience.Store;
using IterableAudience.Syncs;
using IterableAudience.Tests.Stores;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Xunit;

namespace IterableAudience.Tests.Store;

/// <summary>Writes of one sync that share a transaction on PostgreSQL, and what is put off in it.</summary>
public sealed class PostgresWritesTests : IAsyncDisposable
{
    private const string Transaction = "SELECT CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT)";
    private static readonly CopyInto Rows = new("r", "n bigint, i integer, s smallint, b bytea, t text");

    private string _database = "";
    private NpgsqlDataSource? _source;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        if (_source is not null)
        {
            await _source.DisposeAsync();
            PostgresServer.Shared.Drop(_database);
        }
    }

    [PostgresFact]
    public async Task Those_that_wait_together_share_a_transaction_and_one_that_is_alone_does_not()
    {
        var store = await ClaimedAsync();
        using var gate = new ManualResetEventSlim();
        var first = store.WriteAsync(_ => gate.Wait(Cancel), durable: false, Cancel);
        var seen = new long[4];
        var writes = new[] { Note(0), Note(1), store.WriteAsync(c => seen[2] = c.Count(Transaction), durable: false, Cancel), Note(3) };
        gate.Set();
        await Task.WhenAll(writes);
        await first;

        Assert.Equal(seen[0], seen[1]);
        Assert.Equal(3, seen.Distinct().Count());
        Assert.Equal(seen.Order(), seen);

        Task Note(int place) => store.WriteTogetherAsync(c => seen[place] = c.Count(Transaction), Cancel);
    }

    [Theory]
    [StoreData("copies a row that is there", Only = StoreKind.PostgreSql)]
    [StoreData("makes a statement that fails later", Only = StoreKind.PostgreSql)]
    [StoreData("makes a statement that fails", Only = StoreKind.PostgreSql)]
    [StoreData("throws", Only = StoreKind.PostgreSql)]
    public async Task One_that_fails_costs_only_itself(string how, StoreKind on)
    {
        Assert.Equal(StoreKind.PostgreSql, on);
        var store = await ClaimedAsync();
        using var gate = new ManualResetEventSlim();
        var first = store.WriteAsync(_ => gate.Wait(Cancel), durable: false, Cancel);
        var good = store.WriteTogetherAsync(c => Put(c, 1), Cancel);
        var bad = store.WriteTogetherAsync(
            c =>
            {
                switch (how)
                {
                    case "copies a row that is there": Put(c, 1); break;
                    case "makes a statement that fails later": c.Later("INSERT INTO r (n) VALUES (1)"); break;
                    case "makes a statement that fails": c.Run("INSERT INTO r (n) VALUES (1)"); break;
                    default: throw new InvalidOperationException();
                }
            },
            Cancel);
        var other = store.WriteTogetherAsync(c => Put(c, 2), Cancel);
        gate.Set();

        await first;
        await good;
        await other;
        var error = await Xunit.Record.ExceptionAsync(() => bad);
        Assert.True(how == "throws" ? error is InvalidOperationException : error is DbException duplicate && duplicate.IsDuplicate(), $"{error}");
        Assert.Equal([1, 2], Numbers(store));
        Assert.Null(store.Trouble);
    }

    [PostgresFact]
    public async Task Under_a_claim_that_is_lost_nobody_writes()
    {
        var store = await ClaimedAsync(epoch: 4);
        var writes = Enumerable.Range(0, 3).Select(i => store.WriteTogetherAsync(c => Put(c, i), Cancel)).ToList();
        foreach (var write in writes)
            await Assert.ThrowsAsync<ClaimLostException>(() => write);
        Assert.Empty(Numbers(store));
    }

    [PostgresFact]
    public async Task One_that_is_given_up_before_its_turn_is_not_run()
    {
        var store = await ClaimedAsync();
        using var gate = new ManualResetEventSlim();
        using var giveUp = new CancellationTokenSource();
        var first = store.WriteAsync(_ => gate.Wait(Cancel), durable: false, Cancel);
        var given = store.WriteTogetherAsync(c => Put(c, 1), giveUp.Token);
        var other = store.WriteTogetherAsync(c => Put(c, 2), Cancel);
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);
        gate.Set();
        await first;
        await other;
        Assert.Equal([2], Numbers(store));
    }

    [PostgresFact]
    public async Task What_is_copied_arrives_as_it_was_and_is_seen_by_the_next_question()
    {
        const int Many = 3_000; // more than one send: the COPY begins while rows still come
        var store = await ClaimedAsync();
        await store.WriteAsync(
            c =>
            {
                using var rows = BulkStatement.Of(c, "", Rows);
                for (var n = 0; n < Many; n++)
                    rows.Bind(1, Number(n)).Bind(2, -n).Bind(3, n % 100).Bind(4, Bytes(n)).Bind(5, Text(n)).Run();
                rows.Finish();
                c.Later("UPDATE r SET i = 7 WHERE n = @n", ("@n", Number(5)));
                Assert.Equal(Many, c.Count("SELECT count(*) FROM r"));
                rows.Bind(1, 1).Bind(2, int.MaxValue).Bind(3, short.MinValue).Bind(4, []).Bind(5, "").Run();
            },
            durable: true,
            Cancel);

        var expected = Enumerable.Range(0, Many).Select(n => (Number(n), n == 5 ? 7 : -n, (short)(n % 100), Convert.ToHexString(Bytes(n)), Text(n)))
            .Append((1, int.MaxValue, short.MinValue, "", "")).OrderBy(r => r.Item1);
        Assert.Equal(expected, store.Read(c => c.Rows(
            "SELECT n, i, s, b, t FROM r ORDER BY n",
            r => (r.GetInt64(0), r.GetInt32(1), r.GetInt16(2), Convert.ToHexString(r.Blob(3)), r.IsDBNull(4) ? null : r.GetString(4)))));

        static long Number(int n) => (n + 2L) * 6_148_914_691_236L;
        static byte[] Bytes(int n) => [.. Enumerable.Range(0, n % 300).Select(i => (byte)(i * n))];
        static string? Text(int n) => n % 3 == 0 ? null : $"Zoë {n}";
    }

    [PostgresFact]
    public async Task A_write_that_throws_in_the_middle_of_a_copy_leaves_nothing_and_the_connection_is_good_for_the_next()
    {
        var store = await ClaimedAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(() => store.WriteAsync(
            c =>
            {
                for (var n = 0; n < 2_000; n++)
                    Put(c, n, new byte[500]);
                throw new InvalidOperationException();
            },
            durable: false,
            Cancel));
        await store.WriteTogetherAsync(c => Put(c, 1), Cancel);
        Assert.Equal([1], Numbers(store));
        Assert.Null(store.Trouble);
    }

    [PostgresFact]
    public async Task A_write_that_lets_an_error_of_the_store_pass_fails_all_the_same()
    {
        // After an error PostgreSQL answers a commit with a rollback, and calls it a success.
        var store = await ClaimedAsync();
        await Assert.ThrowsAnyAsync<DbException>(() => store.WriteAsync(
            c =>
            {
                c.Run("INSERT INTO r (n) VALUES (1)");
                Assert.True(Xunit.Record.Exception(() => c.Run("INSERT INTO r (n) VALUES (1)")) is DbException);
            },
            durable: false,
            Cancel));
        Assert.Empty(Numbers(store));
    }

    private static void Put(DbConnection connection, int n, byte[]? filling = null)
    {
        using var row = BulkStatement.Of(connection, "", Rows);
        row.Bind(1, n).Bind(2, 0).Bind(3, 0).Bind(4, filling ?? []).Bind(5, (string?)null).Run();
        row.Finish();
    }

    private static List<long> Numbers(LeanStore store) => store.Read(c => c.Rows("SELECT n FROM r ORDER BY n", r => r.GetInt64(0)));

    /// <summary>A store under the claim of a sync whose epoch is 3.</summary>
    private async Task<LeanStore> ClaimedAsync(long epoch = 3)
    {
        _database = PostgresServer.Shared.NewStore();
        _source = NpgsqlDataSource.Create(_database);
        await using var db = new PostgresStoreContext(new DbContextOptionsBuilder<PostgresStoreContext>().UseNpgsql(_source).Options);
        var sync = new Sync { Id = "s", Active = true, ClaimEpoch = 3 };
        db.Syncs.Add(sync);
        await db.SaveChangesAsync(Cancel);
        var store = new PostgresStore(_source);
        await store.WriteAsync(c => c.Run("CREATE TABLE r (n BIGINT PRIMARY KEY, i INTEGER, s SMALLINT, b BYTEA, t TEXT)"), durable: false, Cancel);
        return store.For(new SyncClaim(sync.No, epoch));
    }
}
