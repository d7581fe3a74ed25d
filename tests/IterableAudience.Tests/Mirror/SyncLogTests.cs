using System.Net;
using IterableAudience.Simulator.Api;
using IterableAudience.Simulator.Faults;
using IterableAudience.Store;
using IterableAudience.Syncs.Mirror;
using IterableAudience.Tests.Stores;
using IterableAudience.Tests.Syncs;
using IterableAudience.Tests.Warehouses;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace IterableAudience.Tests.Mirror;

/// <summary>What the service leaves in the user's warehouse, and how long it stays there.</summary>
public sealed class SyncLogTests : IAsyncDisposable
{
    private const string Log = "SELECT primary_key, operation, status, reason_code FROM _rudderstack.sync_log";
    private MirrorHost _mirror = null!;

    [Theory]
    [WarehouseData]
    public async Task Each_row_that_a_sync_dealt_with_is_in_the_log_and_nothing_else(WarehouseKind kind)
    {
        _mirror = await MirrorHost.StartAsync(kind, Way.Snapshot);
        _mirror.Table("1 ada@example.com u1", "2 grace@example.org u2", "3 nonsense -", "4 a@example.com u4", "4 b@example.com u5", "- c@example.com u6");
        var first = await _mirror.SyncAsync();
        Assert.Equal(
            [$"{_mirror.Audience.Connection}|{first.Id}|1|insert|succeeded|null|null|{_mirror.Audience.List}"],
            _mirror.Warehouse.Rows("SELECT connection_id, sync_run_id, primary_key, operation, status, error_reason, reason_code, list_id FROM _rudderstack.sync_log WHERE primary_key = '1'"));
        Assert.Equal(["1|insert|succeeded|null", "2|insert|succeeded|null", "3|insert|failed|no_valid_identifier"], Of(first));
        Assert.Equal(
            ["Neither identifier is valid; faults says why."], _mirror.Warehouse.Rows("SELECT error_reason FROM _rudderstack.sync_log WHERE primary_key = '3'"));
        Assert.Equal(["3"], _mirror.Warehouse.Rows("SELECT count(*) FROM _rudderstack.sync_log WHERE sync_started_at <= sync_finished_at"));
        Assert.Equal(
            ["connection_id", "sync_run_id", "primary_key", "operation", "status", "error_reason", "sync_started_at", "sync_finished_at", "reason_code", "list_id"],
            _mirror.Warehouse.Rows("SELECT column_name FROM information_schema.columns WHERE table_schema = '_rudderstack' AND table_name = 'sync_log' ORDER BY ordinal_position"));

        _mirror.Audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 400, Times = 0, On = new() { Identifier = "u9" } });
        _mirror.Table("1 other@example.com u11", "3 nonsense -", "9 niklaus@example.com u9");
        var second = await _mirror.SyncAsync();
        Assert.Equal(["1|update|succeeded|null", "2|delete|succeeded|null", "9|insert|failed|refused_by_iterable"], Of(second));

        // What is tried again is in the log of the run that tries it; the next one has nothing to say.
        _mirror.Sync.World.Faults.Clear();
        Assert.Equal(["9|insert|succeeded|null"], Of(await _mirror.SyncAsync()));
        Assert.Empty(Of(await _mirror.SyncAsync()));
        Assert.Equal(["0"], _mirror.Warehouse.Rows("SELECT count(*) FROM (SELECT 1 FROM _rudderstack.sync_log GROUP BY connection_id, sync_run_id, primary_key HAVING count(*) > 1) x"));
    }

    [Theory]
    [WarehouseData]
    public async Task A_sync_that_compares_all_rows_logs_what_it_did_and_not_what_stayed(WarehouseKind kind)
    {
        _mirror = await MirrorHost.StartAsync(kind, Way.Snapshot);
        _mirror.Table("1 ada@example.com u1", "2 grace@example.org u2", "3 edsger@example.net u3");
        await _mirror.SyncAsync();

        // Row 3 loses its key, and holds its person: from here on each sync compares all rows with the ledger.
        _mirror.Table("1 ada@example.com u1", "2 grace@example.org u2", "- edsger@example.net u3");
        await _mirror.SyncAsync();
        _mirror.Table("1 ada@example.com u1", "2 other@example.org u9", "- edsger@example.net u3");
        var compared = await _mirror.SyncAsync();
        Assert.Equal("full", (string?)compared.Json["syncType"]);
        Assert.Contains("unchanged already_member 1", compared.Reasons, StringComparison.Ordinal);
        Assert.Equal(["2|insert|succeeded|null", "3|delete|succeeded|held_by_another_record"], Of(compared));
    }

    [Theory]
    [WarehouseData]
    public async Task The_schema_is_a_setting(WarehouseKind kind)
    {
        _mirror = await MirrorHost.StartAsync(kind, Way.Snapshot, before: s => s.Host.Settings["Sources:Schema"] = "audience_sync");
        _mirror.Table("1 ada@example.com u1");
        var sync = await _mirror.SyncAsync();
        Assert.Equal(["1|succeeded"], _mirror.Warehouse.Rows("SELECT primary_key, status FROM audience_sync.sync_log"));
        Assert.Equal(["1"], _mirror.Warehouse.Rows($"""SELECT "PK" FROM audience_sync."snapshot_{_mirror.Audience.Connection}_{sync.Id}" """));
        Assert.Empty(_mirror.Warehouse.Rows("SELECT 1 FROM information_schema.schemata WHERE schema_name = '_rudderstack'"));
    }

    [Theory]
    [WarehouseData]
    public async Task A_sync_that_broke_off_says_what_was_not_sent(WarehouseKind kind)
    {
        _mirror = await MirrorHost.StartAsync(kind, Way.Snapshot);
        _mirror.Table("1 ada@example.com u1");
        await _mirror.SyncAsync();
        _mirror.Audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 401, Times = 0, On = new() { Kind = CallKind.Subscribe } });
        _mirror.Table("2 grace@example.org u2");
        var sync = await _mirror.SyncAsync();
        Assert.Equal(["1|delete|succeeded|null", "2|insert|failed|sync_aborted"], Of(sync));
    }

    [Theory]
    [WarehouseData]
    public async Task A_snapshot_has_every_row_with_what_became_of_it(WarehouseKind kind)
    {
        _mirror = await MirrorHost.StartAsync(kind, Way.Snapshot);
        _mirror.Table("1 Ada@example.com u1", "2 grace@example.org u2", "3 edsger@example.net u3", "4 d@example.com u4");
        var first = await _mirror.SyncAsync();
        Assert.Equal(["1 Ada@example.com u1 insert", "2 grace@example.org u2 insert", "3 edsger@example.net u3 insert", "4 d@example.com u4 insert"], _mirror.Snapshot(first.Id));

        _mirror.Table("1 Ada@example.com u1", "2 hopper@example.org u20", "4 d@example.com u4", "4 e@example.com u5", "5 e@example.com u6", "- f@example.com u7");
        var second = await _mirror.SyncAsync();
        Assert.Equal(
            ["1 Ada@example.com u1 unchanged", "2 hopper@example.org u20 update", "3 edsger@example.net u3 delete", "4 d@example.com u4 invalid", "5 e@example.com u6 insert"],
            _mirror.Snapshot(second.Id));

        // Rows that were held back at a full sync are in it by their key alone.
        var full = await _mirror.SyncAsync("full");
        Assert.Contains("4 null null invalid", _mirror.Snapshot(full.Id));
        Assert.DoesNotContain(_mirror.Snapshot((await _mirror.SyncAsync()).Id), r => r.StartsWith('3'));
    }

    [Theory]
    [WarehouseData]
    public async Task Logs_are_kept_for_days_and_snapshots_by_number(WarehouseKind kind)
    {
        ShiftedTime clock = new();
        _mirror = await MirrorHost.StartAsync(kind, Way.Snapshot, settings: ""","logRetentionInDays":1,"snapshotsToRetain":2""", before: s => s.Clock = clock);
        List<SyncResult> syncs = [];
        for (var day = 0; day < 4; day++)
        {
            _mirror.Table($"{day} p{day}@example.com u{day}");
            syncs.Add(await _mirror.SyncAsync());
            clock.Ahead += TimeSpan.FromHours(16);
        }

        Assert.Equal([syncs[2].Id, syncs[3].Id], Snapshots().Order(StringComparer.Ordinal).OrderBy(id => syncs.FindIndex(s => s.Id == id)));
        Assert.Equal(new[] { syncs[2].Id, syncs[3].Id }.Order(StringComparer.Ordinal), _mirror.Warehouse.Rows("SELECT DISTINCT sync_run_id FROM _rudderstack.sync_log").Order(StringComparer.Ordinal));

        // Plans that nobody sends are newer than the baseline, and don't push it out.
        _mirror.Table("9 p9@example.com u9");
        for (var plan = 0; plan < 3; plan++)
            await _mirror.PlanAsync();
        await CatchUpAsync();
        Assert.Contains(syncs[3].Id, Snapshots());
        Assert.Equal(3, Snapshots().Count);
        clock.Ahead += TimeSpan.FromDays(2);
        await CatchUpAsync();
        Assert.Empty(_mirror.Warehouse.Rows(Log));
        Assert.Equal("incremental", (string)(await _mirror.SyncAsync()).Json["syncType"]!);
    }

    [Theory]
    [WarehouseData]
    public async Task Without_sync_logs_nothing_is_written(WarehouseKind kind)
    {
        _mirror = await MirrorHost.StartAsync(kind, Way.Ledger);
        _mirror.Table("1 ada@example.com u1");
        await _mirror.SyncAsync();
        await CatchUpAsync();
        Assert.Equal(["0"], _mirror.Warehouse.Rows("SELECT count(*) FROM information_schema.schemata WHERE schema_name = '_rudderstack'"));
    }

    [Theory]
    [WarehouseData]
    public async Task A_log_that_could_not_be_written_is_written_later(WarehouseKind kind)
    {
        _mirror = await MirrorHost.StartAsync(kind, Way.Snapshot);
        _mirror.Warehouse.Run("CREATE SCHEMA _rudderstack; CREATE VIEW _rudderstack.sync_log AS SELECT 1 AS one");
        _mirror.Table("1 ada@example.com u1");
        var sync = await _mirror.SyncAsync();
        Assert.Equal("completed", sync.Outcome);
        Assert.Equal("ada@example.com/u1", _mirror.Members);
        Assert.Contains(_mirror.Host.Logs.Warnings, l => l.Contains("written later", StringComparison.Ordinal));

        _mirror.Warehouse.Run("DROP VIEW _rudderstack.sync_log");
        await CatchUpAsync();
        Assert.Equal(["1|insert|succeeded|null"], Of(sync));
        await CatchUpAsync();
        Assert.Equal(["1|insert|succeeded|null"], Of(sync));
    }

    [Theory]
    [WarehouseData]
    public async Task A_log_that_RudderStack_has_made_gets_two_columns_more(WarehouseKind kind)
    {
        _mirror = await MirrorHost.StartAsync(kind, Way.Snapshot);
        _mirror.Warehouse.Run("""
            CREATE SCHEMA _rudderstack;
            CREATE TABLE _rudderstack.sync_log (status varchar, connection_id varchar, sync_run_id varchar, primary_key varchar, operation varchar, error_reason varchar,
              sync_started_at timestamp with time zone, sync_finished_at timestamp with time zone);
            INSERT INTO _rudderstack.sync_log (connection_id, sync_run_id, primary_key) VALUES ('theirs', 'run', '1')
            """);
        _mirror.Table("1 ada@example.com u1");
        Assert.Equal(["1|insert|succeeded|null"], Of(await _mirror.SyncAsync()));
        Assert.Equal(["theirs|null"], _mirror.Warehouse.Rows("SELECT connection_id, list_id FROM _rudderstack.sync_log WHERE sync_run_id = 'run'"));
    }

    /// <summary>Longer than an index takes, and not to be compressed; and the same run once more is the same.</summary>
    [Theory]
    [WarehouseData]
    public async Task A_long_key_is_logged_and_a_run_that_is_written_twice_is_there_once(WarehouseKind kind)
    {
        _mirror = await MirrorHost.StartAsync(kind, Way.Snapshot);
        _mirror.Warehouse.Run("""ALTER TABLE people ALTER COLUMN "PK" TYPE varchar(5000)""");
        var random = new Random(1);
        var key = string.Concat(Enumerable.Range(0, 1000).Select(_ => (char)random.Next(0x4e00, 0x9fff)));
        _mirror.Table($"{key} ada@example.com u1", "2 grace@example.org u2");
        var sync = await _mirror.SyncAsync();
        Assert.Equal(["2|insert|succeeded|null", $"{key}|insert|succeeded|null"], Of(sync));
        await DueAgainAsync();
        Assert.Equal(["2|insert|succeeded|null", $"{key}|insert|succeeded|null"], Of(sync));
        Assert.Empty(_mirror.Host.Logs.Warnings);
    }

    /// <summary>A table of somebody else's has what ours never has; it is written to all the same.</summary>
    [Theory]
    [WarehouseData]
    public async Task A_table_with_rows_that_are_there_twice_is_written_to(WarehouseKind kind)
    {
        _mirror = await MirrorHost.StartAsync(kind, Way.Snapshot);
        _mirror.Warehouse.Run("""
            CREATE SCHEMA _rudderstack;
            CREATE TABLE _rudderstack.sync_log (connection_id varchar, sync_run_id varchar, primary_key varchar, operation varchar, status varchar, error_reason varchar,
              sync_started_at timestamp with time zone, sync_finished_at timestamp with time zone);
            INSERT INTO _rudderstack.sync_log (connection_id, sync_run_id, primary_key) VALUES ('theirs', 'run', '1'), ('theirs', 'run', '1')
            """);
        _mirror.Table("1 ada@example.com u1");
        var sync = await _mirror.SyncAsync();
        await DueAgainAsync();
        Assert.Equal(["1|insert|succeeded|null"], Of(sync));
        Assert.Equal(["theirs", "theirs"], _mirror.Warehouse.Rows("SELECT connection_id FROM _rudderstack.sync_log WHERE sync_run_id = 'run'"));
        Assert.Empty(_mirror.Host.Logs.Warnings);
    }

    /// <summary>An account that may only read is the safest one: the changes are found all the same.</summary>
    [PostgresFact]
    public async Task An_account_that_may_only_read_is_enough()
    {
        _mirror = await MirrorHost.StartAsync(WarehouseKind.Postgres, Way.Snapshot, before: _ => { });
        var user = $"reader{Guid.NewGuid():N}";
        _mirror.Warehouse.Run($"CREATE ROLE {user} LOGIN; GRANT SELECT ON people TO {user}");
        _mirror.Warehouse.User = user;
        (await _mirror.Host.PutAsync($"/v2/accounts/{_mirror.Account}", _mirror.Warehouse.AccountJson("Reader"))).ShouldBe(HttpStatusCode.OK);
        _mirror.Table("1 ada@example.com u1");
        await _mirror.SyncAsync();
        _mirror.Table("2 grace@example.org u2");
        Assert.Equal(("completed", "incremental"), await _mirror.SyncAsync() is var sync ? (sync.Outcome, (string)sync.Json["syncType"]!) : default);
        Assert.Equal("grace@example.org/u2", _mirror.Members);
        Assert.Equal(["0"], _mirror.Warehouse.Rows("SELECT count(*) FROM information_schema.schemata WHERE schema_name = '_rudderstack'"));
        Assert.Empty(_mirror.Host.Logs.Warnings);
        _mirror.Warehouse.Run($"DROP OWNED BY {user}; DROP ROLE {user}");
    }

    /// <summary>To see into the schema is not to make tables in it.</summary>
    [PostgresFact]
    public async Task A_schema_that_may_only_be_looked_into_is_left_alone()
    {
        _mirror = await MirrorHost.StartAsync(WarehouseKind.Postgres, Way.Snapshot);
        var user = $"looker{Guid.NewGuid():N}";
        _mirror.Warehouse.Run($"CREATE ROLE {user} LOGIN; GRANT SELECT ON people TO {user}; CREATE SCHEMA _rudderstack; GRANT USAGE ON SCHEMA _rudderstack TO {user}");
        _mirror.Warehouse.User = user;
        (await _mirror.Host.PutAsync($"/v2/accounts/{_mirror.Account}", _mirror.Warehouse.AccountJson("Looker"))).ShouldBe(HttpStatusCode.OK);
        foreach (var grant in new[] { "", $"REVOKE USAGE ON SCHEMA _rudderstack FROM {user}; GRANT CREATE ON SCHEMA _rudderstack TO {user}", $"GRANT ALL ON SCHEMA _rudderstack TO {user}; ALTER ROLE {user} SET default_transaction_read_only = on" })
        {
            _mirror.Warehouse.Run($"SELECT 1; {grant}");
            _mirror.Table($"1 a{grant.Length}@example.com u1");
            var sync = await _mirror.SyncAsync();
            Assert.Equal(("completed", ""), (sync.Outcome, sync.Error));
            Assert.Equal($"a{grant.Length}@example.com/u1", _mirror.Members);
            Assert.Equal(["0"], _mirror.Warehouse.Rows("SELECT count(*) FROM information_schema.tables WHERE table_schema = '_rudderstack'"));
        }

        Assert.Empty(_mirror.Host.Logs.Warnings);
        _mirror.Warehouse.Run($"DROP OWNED BY {user}; DROP ROLE {user}");
    }

    public async ValueTask DisposeAsync() => await _mirror.DisposeAsync();

    private List<string> Of(SyncResult sync) => _mirror.Warehouse.Rows($"{Log} WHERE sync_run_id = '{sync.Id}' ORDER BY 1");

    /// <summary>The logs of all syncs are written once more.</summary>
    private async Task DueAgainAsync()
    {
        await using (var db = _mirror.Host.Provider.GetRequiredService<Func<StoreContext>>()())
            Assert.NotEqual(0, await db.Syncs.ExecuteUpdateAsync(u => u.SetProperty(s => s.LogDue, true), TestContext.Current.CancellationToken));
        await CatchUpAsync();
    }

    private Task CatchUpAsync() => _mirror.Host.Provider.GetRequiredService<WarehouseLog>().CatchUpAsync(TestContext.Current.CancellationToken);

    /// <summary>The ids of the syncs whose snapshots are there.</summary>
    private List<string> Snapshots()
        => _mirror.Warehouse.Rows($"SELECT table_name FROM information_schema.tables WHERE table_schema = '_rudderstack' AND table_name LIKE 'snapshot%'").ConvertAll(n => n.Split('_')[2]);
}
