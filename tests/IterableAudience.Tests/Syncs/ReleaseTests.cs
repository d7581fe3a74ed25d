using IterableAudience.Store;
using IterableAudience.Syncs.Ledger;
using IterableAudience.Tests.Faults;
using IterableAudience.Tests.Stores;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Xunit;

namespace IterableAudience.Tests.Syncs;

/// <summary>A deleted connection holds nobody any more, whoever else releases its entries, and whatever comes in between.</summary>
public sealed class ReleaseTests : IAsyncDisposable
{
    /// <summary>Entries to a transaction.</summary>
    private const int Slice = 50_000;

    private SyncHost _sync = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private LeanStore Store => _sync.Host.Provider.GetRequiredService<LeanStore>();

    [PostgresFact]
    public async Task Entries_of_which_another_node_releases_some_are_all_released()
    {
        _sync = await SyncHost.StartAsync(StoreKind.PostgreSql);
        var (list, connection) = await LedgerAsync(await _sync.AudienceAsync(), Slice + 1);

        // The other node has deleted the first slice and not committed yet; then it is gone.
        await using var other = new NpgsqlConnection(_sync.Host.Store.ConnectionString + ";Pooling=false");
        await other.OpenAsync(Cancel);
        await using var transaction = await other.BeginTransactionAsync(Cancel);
        other.Run("DELETE FROM member WHERE list = @l AND connection = @c AND key_hash <= @k", ("@l", list), ("@c", connection), ("@k", (long)Slice));
        var releasing = _sync.Host.Provider.GetRequiredService<LedgerCounts>().ReleaseAsync(list, connection, Cancel);
        await Until.Is("the release waits for the other node", () => Store.Read(c => c.Count("SELECT count(*) FROM pg_locks WHERE NOT granted")) > 0);
        await transaction.CommitAsync(Cancel);
        await releasing;

        Assert.Equal((0, 0), Left(connection));
    }

    /// <summary>What a service that was killed in the middle of a delete leaves: the connection is deleted and its entries are there, or some of them.</summary>
    [Theory]
    [StoreData(true)]
    [StoreData(false)]
    public async Task What_a_delete_had_begun_when_the_service_was_killed_is_finished_at_the_next_start(StoreKind store, bool counted)
    {
        _sync = await SyncHost.StartAsync(store);
        var audience = await _sync.AudienceAsync();
        await audience.PushAsync(Row.People(3));
        var sibling = await audience.SiblingAsync();
        await Store.WriteAsync(
            write =>
            {
                write.Run("""UPDATE connection SET "Deleted" = TRUE, "Enabled" = FALSE WHERE "Id" = @i""", ("@i", audience.Connection));
                write.Run("DELETE FROM ledger_count WHERE @d = 1", ("@d", counted ? 0 : 1));
            },
            durable: true,
            Cancel);
        await _sync.Host.StopAsync();

        await using var later = new SyncHost(store);
        await later.InitializeAsync();
        later.Host.On(_sync.Host);
        foreach (var name in new[] { "Iterable:BaseUrls:US", "Iterable:BaseUrls:EU" })
            later.Host.Settings[name] = _sync.Host.Settings[name];
        var again = sibling with { Sync = later };
        await Until.AsyncIs("the entries are released", () => Task.FromResult(later.Host.Provider.GetRequiredService<LeanStore>().Read(c => c.Count("SELECT count(*) FROM member"))), n => n == 0);
        // What it held is not looked through any more.
        await Until.AsyncIs("its runs count no longer", () => Task.FromResult(later.Host.Provider.GetRequiredService<LeanStore>().Read(c => c.Count("SELECT count(*) FROM holder_run WHERE live = 1"))), n => n == 0);

        Assert.Equal("unsubscribed 2", (await again.PushAsync(Row.Delete(1, "p1@example.com", "p1"), Row.Delete(2, "p2@example.com", "p2"))).Outcomes);
        Assert.Equal("p3@example.com/p3", audience.Members);
    }

    [Fact]
    public async Task What_a_delete_could_not_finish_because_the_store_was_away_is_finished_within_the_hour()
    {
        _sync = new SyncHost { Host = { Time = new FakeTimeProvider(TimeProvider.System.GetUtcNow()) } };
        await _sync.InitializeAsync();
        var audience = await _sync.AudienceAsync();
        await Store.WriteAsync(
            write =>
            {
                write.Run("""UPDATE connection SET "Deleted" = TRUE WHERE "Id" = @i""", ("@i", audience.Connection));
                write.Run("""INSERT INTO member (list, connection, key_hash, slot, state, value) SELECT "ListNo", "No", 1, 0, 1, '' FROM connection""");
            },
            durable: true,
            Cancel);

        await Until.Is("the entries are released", () =>
        {
            _sync.Host.Time!.Advance(TimeSpan.FromHours(1)); // the timer may not have been set yet
            return Store.Read(c => c.Count("SELECT count(*) FROM member")) == 0;
        });
    }

    public ValueTask DisposeAsync() => _sync.DisposeAsync();

    /// <summary>Gives a connection so many entries, with the key hashes 1, 2, 3 and so on.</summary>
    private async Task<(long List, long Connection)> LedgerAsync(Audience audience, int entries)
    {
        await using var db = _sync.Host.Provider.GetRequiredService<Func<StoreContext>>()();
        var connection = await db.Connections.SingleAsync(c => c.Id == audience.Connection, Cancel);
        await Store.WriteAsync(
            write =>
            {
                write.Run(
                    "INSERT INTO member (list, connection, key_hash, slot, state, value) SELECT @l, @c, n, 0, 1, '' FROM generate_series(1, @n) AS s (n)",
                    ("@l", connection.ListNo), ("@c", connection.No), ("@n", entries));
                write.Run(
                    "INSERT INTO ledger_count (list, connection, members, maybes, leaving) VALUES (@l, @c, @n, 0, 0)",
                    ("@l", connection.ListNo), ("@c", connection.No), ("@n", entries));
            },
            durable: true,
            Cancel);
        return (connection.ListNo, connection.No);
    }

    private (long Entries, long Counts) Left(long connection)
        => Store.Read(c => (
            c.Count("SELECT count(*) FROM member WHERE connection = @c", ("@c", connection)),
            c.Count("SELECT count(*) FROM ledger_count WHERE connection = @c", ("@c", connection))));
}
