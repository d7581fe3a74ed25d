using IterableAudience.Tests.Warehouses;
using Xunit;

namespace IterableAudience.Tests.Mirror;

/// <summary>Texts are compared letter by letter, whatever the source's columns say of their order.</summary>
public sealed class CollationTests : IAsyncDisposable
{
    private MirrorHost _mirror = null!;

    [Theory]
    [MirrorData]
    public async Task What_differs_by_case_differs(WarehouseKind kind, Way way)
    {
        _mirror = await MirrorHost.StartAsync(kind, way);
        if (kind == WarehouseKind.Postgres && _mirror.Warehouse.Rows("SELECT 1 FROM pg_collation WHERE collprovider = 'i' LIMIT 1").Count == 0)
        {
            Assert.Skip("This PostgreSQL server has no ICU.");
        }

        _mirror.Warehouse.Run(kind == WarehouseKind.Postgres
            ? """
              CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
              ALTER TABLE people ALTER "PK" TYPE text COLLATE nocase, ALTER "EMAIL" TYPE text COLLATE nocase, ALTER "ID" TYPE text COLLATE nocase
              """
            : """DROP TABLE people; CREATE TABLE people ("PK" varchar COLLATE NOCASE, "EMAIL" varchar COLLATE NOCASE, "ID" varchar COLLATE NOCASE.NOACCENT)""");
        _mirror.Table("a ada@example.com u1", "A grace@example.org u2", "3 - u3");
        var first = await _mirror.SyncAsync();
        Assert.Equal(("completed", "total 3, insert 3"), (first.Outcome, first.ReceivedCounts));
        Assert.Equal("/u3 ada@example.com/u1 grace@example.org/u2", _mirror.Members);
        Assert.Equal("", (await _mirror.SyncAsync()).ReceivedCounts);

        // One letter of a userId is another one, and one of two keys is gone.
        _mirror.Table("a ada@example.com u1", "3 - U3");
        var second = await _mirror.SyncAsync();
        Assert.Equal(("completed", "total 2, update 1, delete 1"), (second.Outcome, second.ReceivedCounts));
        Assert.Equal("/U3 ada@example.com/u1", _mirror.Members);
        if (way == Way.Snapshot)
        {
            Assert.Equal(["3 null U3 update", "A grace@example.org u2 delete", "a ada@example.com u1 unchanged"], _mirror.Snapshot(second.Id).Order(StringComparer.Ordinal));
        }

        // A key that comes back in the other case is another one.
        _mirror.Table("A ada@example.com u1", "3 - U3");
        Assert.Equal("total 2, insert 1, delete 1", (await _mirror.SyncAsync()).ReceivedCounts);
        Assert.Equal("/U3 ada@example.com/u1", _mirror.Members);
    }

    public async ValueTask DisposeAsync() => await _mirror.DisposeAsync();
}
