using System.Net;
using IterableAudience.Tests.Warehouses;
using Xunit;

namespace IterableAudience.Tests.Mirror;

/// <summary>A source that has a column of the snapshot's own name is compared against the ledger.</summary>
public sealed class SnapshotNameTests : IAsyncDisposable
{
    private MirrorHost _mirror = null!;

    [Theory]
    [WarehouseData("rudder_operation_type", "PK")]
    [WarehouseData("RUDDER_Operation_Type", "PK")]
    [WarehouseData("rudder_operation_type", "rudder_operation_type")]
    public async Task A_column_of_the_snapshots_own_name_is_read_as_any_other(WarehouseKind kind, string column, string key)
    {
        _mirror = await MirrorHost.StartAsync(kind, Way.Snapshot);
        _mirror.Warehouse.Run($"""ALTER TABLE people RENAME COLUMN "{(key == "PK" ? "ID" : "PK")}" TO "{column}" """);
        if (key == "PK")
        {
            (await _mirror.Host.PutAsync(_mirror.Audience.Url, $$$"""{"identifiers":[{"from":"EMAIL","to":"email"},{"from":"{{{column}}}","to":"userId"}]}""")).ShouldBe(HttpStatusCode.OK);
        }

        (await _mirror.Host.PutAsync($"/v2/retl-sources/{_mirror.Source}", $$$"""{"config":{"primaryKey":"{{{key}}}","schema":"{{{_mirror.Warehouse.Schema}}}","table":"people"}}""")).ShouldBe(HttpStatusCode.OK);
        _mirror.Table("1 ada@example.com insert", "2 grace@example.org delete");
        var first = await _mirror.SyncAsync();
        Assert.Equal(("completed", ""), (first.Outcome, first.Error));
        Assert.Equal("ada@example.com/insert grace@example.org/delete", _mirror.Members);

        _mirror.Table("1 ada@example.com insert");
        var second = await _mirror.SyncAsync();
        Assert.Equal(("completed", "total 1, delete 1"), (second.Outcome, second.ReceivedCounts));
        Assert.Equal("ada@example.com/insert", _mirror.Members);
        Assert.Empty(_mirror.Host.Logs.Warnings);
    }

    public async ValueTask DisposeAsync() => await _mirror.DisposeAsync();
}
