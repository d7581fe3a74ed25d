using System.Net;
using IterableAudience.Tests.Stores;
using IterableAudience.Tests.Syncs;
using IterableAudience.Tests.Warehouses;
using Xunit;

namespace IterableAudience.Tests.Mirror;

/// <summary>A source that can't be read: a failed sync with one clear sentence, nothing sent, nothing lost, and the next sync right.</summary>
public sealed class BadSourceTests : IAsyncDisposable
{
    private MirrorHost _mirror = null!;

    [Theory]
    [MirrorData("ALTER TABLE people RENAME TO gone", "ALTER TABLE gone RENAME TO people", "people")]
    [MirrorData("ALTER TABLE people RENAME COLUMN \"EMAIL\" TO mail", "ALTER TABLE people RENAME COLUMN mail TO \"EMAIL\"", "has no column EMAIL, which is the mapped column")]
    [MirrorData("ALTER TABLE people RENAME COLUMN \"PK\" TO k", "ALTER TABLE people RENAME COLUMN k TO \"PK\"", "has no column PK, which is the primary key")]
    public async Task What_vanished_is_named(WarehouseKind kind, Way way, string breaks, string mends, string says)
    {
        await StartAsync(kind, way);
        _mirror.Warehouse.Run(breaks);
        await FailsAsync(says);
        _mirror.Warehouse.Run(mends);
        await ComesRightAsync();
    }

    [Theory]
    [WarehouseData("SELECT * FRM people", "syntax")]
    [WarehouseData("SELECT \"PK\", \"EMAIL\", \"ID\" FROM people WHERE nonsense = 1", "nonsense")]
    [WarehouseData("SELECT \"PK\", \"EMAIL\", \"ID\" FROM people; DROP TABLE people", "")]
    [WarehouseData("SELECT \"PK\", \"EMAIL\", CAST(\"EMAIL\" AS integer) AS \"ID\" FROM people", "")]
    [WarehouseData("SELECT \"PK\", \"EMAIL\", current_date AS \"ID\" FROM people", "which can't be an identifier")]
    public async Task A_bad_model_is_told_in_one_sentence_without_a_value(WarehouseKind kind, string sql, string says)
    {
        await StartAsync(kind, Way.Snapshot);
        var model = (await _mirror.Host.PostAsync("/v2/retl-sources", new System.Text.Json.Nodes.JsonObject
        {
            ["name"] = "Model",
            ["sourceType"] = "model",
            ["sourceDefinitionName"] = _mirror.Warehouse.Name,
            ["accountId"] = _mirror.Account,
            ["config"] = new System.Text.Json.Nodes.JsonObject { ["primaryKey"] = "PK", ["sql"] = sql },
        }.ToJsonString())).ShouldBe(HttpStatusCode.Created).Text("id");
        var other = await _mirror.Audience.SiblingAsync(MirrorHost.Connected(model, Way.Snapshot, ""));
        var sync = await MirrorHost.SyncAsync(other);
        MustHaveFailed(sync, says);
        Assert.Equal("full", (string?)sync.Json["syncType"]); // its first one
        Assert.Equal(["3"], _mirror.Warehouse.Rows("SELECT count(*) FROM people"));

        // Mended, the model is read, and the connection's first sync puts everybody on the list.
        var mended = new System.Text.Json.Nodes.JsonObject { ["config"] = new System.Text.Json.Nodes.JsonObject { ["primaryKey"] = "PK", ["sql"] = "SELECT * FROM people WHERE \"PK\" <> '2'" } };
        (await _mirror.Host.PutAsync($"/v2/retl-sources/{model}", mended.ToJsonString())).ShouldBe(HttpStatusCode.OK);
        var good = await MirrorHost.SyncAsync(other);
        Assert.Equal(("completed", "total 2, insert 2"), (good.Outcome, good.ReceivedCounts));
    }

    [Theory]
    [MirrorData]
    public async Task A_full_sync_that_was_asked_for_and_could_not_be_made_is_made_by_the_next(WarehouseKind kind, Way way)
    {
        await StartAsync(kind, way);
        _mirror.Warehouse.Run("ALTER TABLE people RENAME TO gone");
        Assert.Equal("aborted", (await _mirror.SyncAsync("full")).Outcome);
        _mirror.Warehouse.Run("ALTER TABLE gone RENAME TO people");
        var next = await _mirror.SyncAsync();
        Assert.Equal(("completed", "full", "total 3, insert 3"), (next.Outcome, (string?)next.Json["syncType"], next.ReceivedCounts));
        Assert.Equal(("incremental", ""), ((string?)(next = await _mirror.SyncAsync()).Json["syncType"], next.ReceivedCounts));
    }

    [Theory]
    [MirrorData]
    public async Task A_type_that_cannot_be_an_identifier_is_refused_as_an_identifier_and_as_a_key(WarehouseKind kind, Way way)
    {
        await StartAsync(kind, way);
        _mirror.Warehouse.Run($"""ALTER TABLE people ADD COLUMN raw {(kind == WarehouseKind.DuckDb ? "blob" : "bytea")}""");
        foreach (var (config, says) in new[] { ("PK", "can't be an identifier"), ("raw", "can't tell rows apart") })
        {
            (await _mirror.Host.PutAsync($"/v2/retl-sources/{_mirror.Source}", $$$"""{"config":{"primaryKey":"{{{config}}}","schema":"{{{_mirror.Warehouse.Schema}}}","table":"people"}}""")).ShouldBe(HttpStatusCode.OK);
            (await _mirror.Host.PutAsync(_mirror.Audience.Url, """{"identifiers":[{"from":"raw","to":"email"},{"from":"ID","to":"userId"}]}""")).ShouldBe(HttpStatusCode.OK);
            await FailsAsync(says);
        }

        _mirror.Warehouse.Run("ALTER TABLE people DROP COLUMN raw");
        await ReadPeopleAsync();
        (await _mirror.Host.PutAsync(_mirror.Audience.Url, """{"identifiers":[{"from":"EMAIL","to":"email"},{"from":"ID","to":"userId"}]}""")).ShouldBe(HttpStatusCode.OK);
        await ComesRightAsync();
    }

    [Fact]
    public async Task A_DuckDB_file_that_is_gone_or_nonsense_is_told()
    {
        await StartAsync(WarehouseKind.DuckDb, Way.Ledger);
        var file = Path.Combine(_mirror.Warehouse.Root, "shop.duckdb");
        File.Move(file, file + ".away");
        await FailsAsync("There is no such DuckDB file");
        await File.WriteAllTextAsync(file, new string('x', 20_000), TestContext.Current.CancellationToken);
        await FailsAsync("read");
        File.Move(file + ".away", file, overwrite: true);
        await ComesRightAsync();
    }

    [PostgresFact]
    public async Task A_password_that_changed_is_told_and_a_new_one_counts_at_once()
    {
        const string User = PostgresServer.WithPassword;
        await StartAsync(WarehouseKind.Postgres, Way.Ledger);
        _mirror.Warehouse.Run($"DROP ROLE IF EXISTS {User}; CREATE ROLE {User} LOGIN SUPERUSER PASSWORD 'old'");
        (_mirror.Warehouse.User, _mirror.Warehouse.Password) = (User, "old");
        await LogInAsync();
        Assert.Equal("completed", (await _mirror.SyncAsync("full")).Outcome);

        _mirror.Warehouse.Run($"ALTER ROLE {User} PASSWORD 'new'");
        await FailsAsync("refuses the user or the password");
        Assert.Equal("access_denied", (await _mirror.Host.PostAsync($"/v2/accounts/{_mirror.Account}/test", "{}")).Text("reason"));
        _mirror.Warehouse.Password = "new";
        await LogInAsync();
        await ComesRightAsync();

        async Task LogInAsync()
            => (await _mirror.Host.PutAsync($"/v2/accounts/{_mirror.Account}", _mirror.Warehouse.AccountJson("Shop"))).ShouldBe(HttpStatusCode.OK);
    }

    /// <summary>The server ends the connection while the rows come.</summary>
    [Theory]
    [InlineData(Way.Ledger)]
    [InlineData(Way.Snapshot)]
    public async Task A_warehouse_that_dies_while_it_is_read_costs_that_sync_only(Way way)
    {
        if (PostgresServer.Missing is { } missing)
            Assert.SkipWhen(Environment.GetEnvironmentVariable("CI") != "true", missing);
        await StartAsync(WarehouseKind.Postgres, way);
        _mirror.Warehouse.Run("""
            CREATE FUNCTION slow(t text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$ BEGIN IF t = '3' THEN PERFORM pg_sleep(600); END IF; RETURN t; END $$;
            CREATE VIEW slowly AS SELECT slow("PK") AS "PK", "EMAIL", "ID" FROM people
            """);
        (await _mirror.Host.PutAsync($"/v2/retl-sources/{_mirror.Source}", """{"config":{"primaryKey":"PK","schema":"public","table":"slowly"}}""")).ShouldBe(HttpStatusCode.OK);
        var requests = _mirror.Requests;
        var sync = await _mirror.StartAsync();
        await Faults.Until.Is("the warehouse is read", () => _mirror.Warehouse.Rows("SELECT pid FROM pg_stat_activity WHERE application_name = 'iterable-audience' AND datname = current_database() AND wait_event = 'PgSleep'").Count == 1);
        _mirror.Warehouse.Run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'iterable-audience' AND datname = current_database()");
        var ended = await _mirror.Audience.EndOfAsync(sync);
        MustHaveFailed(ended, "PostgreSQL server");
        Assert.Equal(requests, _mirror.Requests);
        await ReadPeopleAsync();
        await ComesRightAsync();
    }

    /// <summary>A sync that reads is stopped at once.</summary>
    [PostgresFact]
    public async Task A_sync_that_reads_can_be_stopped()
    {
        await StartAsync(WarehouseKind.Postgres, Way.Snapshot);
        _mirror.Warehouse.Run("""CREATE VIEW slowly AS SELECT "PK", "EMAIL", "ID" FROM people, pg_sleep(600)""");
        (await _mirror.Host.PutAsync($"/v2/retl-sources/{_mirror.Source}", """{"config":{"primaryKey":"PK","schema":"public","table":"slowly"}}""")).ShouldBe(HttpStatusCode.OK);
        var sync = await _mirror.StartAsync();
        Assert.Equal("running", (await _mirror.Audience.GetAsync(sync)).Status);
        (await _mirror.Host.PostAsync($"{_mirror.Audience.Url}/stop", null, "operator")).ShouldBe(HttpStatusCode.NoContent);
        var ended = await _mirror.Audience.EndOfAsync(sync);
        Assert.Equal(("cancelled", "failed"), (ended.Outcome, ended.Status));
        Assert.Contains("read the source", ended.Error, StringComparison.Ordinal);
        await ReadPeopleAsync();
        await ComesRightAsync();
    }

    [PostgresFact]
    public async Task A_source_that_is_slower_than_the_limit_is_told()
    {
        _mirror = await MirrorHost.StartAsync(WarehouseKind.Postgres, Way.Ledger, before: s => s.Host.Settings["Sources:StatementTimeout"] = "00:00:01");
        _mirror.Warehouse.Run("""CREATE VIEW slowly AS SELECT "PK", "EMAIL", "ID" FROM people, pg_sleep(600); INSERT INTO people VALUES ('1', 'a@example.com', 'u1')""");
        (await _mirror.Host.PutAsync($"/v2/retl-sources/{_mirror.Source}", """{"config":{"primaryKey":"PK","schema":"public","table":"slowly"}}""")).ShouldBe(HttpStatusCode.OK);
        MustHaveFailed(await _mirror.SyncAsync(), "Sources__StatementTimeout");
    }

    public async ValueTask DisposeAsync() => await _mirror.DisposeAsync();

    private static void MustHaveFailed(SyncResult sync, string says)
    {
        Assert.Equal(("aborted", "failed"), (sync.Outcome, sync.Status));
        Assert.Contains(says, sync.Error, StringComparison.Ordinal);
        Assert.EndsWith("Nothing was sent.", sync.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("example.com", sync.Error, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain('\n', sync.Error);
    }

    private async Task StartAsync(WarehouseKind kind, Way way)
    {
        _mirror = await MirrorHost.StartAsync(kind, way);
        _mirror.Table("1 ada@example.com u1", "2 grace@example.org u2", "3 edsger@example.net u3");
        Assert.Equal("completed", (await _mirror.SyncAsync()).Outcome);
    }

    private async Task FailsAsync(string says)
    {
        var requests = _mirror.Requests;
        MustHaveFailed(await _mirror.SyncAsync(), says);
        Assert.Equal(requests, _mirror.Requests);
        Assert.Equal("ada@example.com/u1 edsger@example.net/u3 grace@example.org/u2", _mirror.Members);
        Assert.DoesNotContain(_mirror.Host.Logs.All, l => l.Contains("example.com", StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>The next sync finds what changed meanwhile, and nothing else.</summary>
    /// <summary>The source is the table again.</summary>
    private async Task ReadPeopleAsync()
        => (await _mirror.Host.PutAsync($"/v2/retl-sources/{_mirror.Source}", $$$"""{"config":{"primaryKey":"PK","schema":"{{{_mirror.Warehouse.Schema}}}","table":"people"}}""")).ShouldBe(HttpStatusCode.OK);

    private async Task ComesRightAsync()
    {
        _mirror.Table("1 ada@example.com u1", "3 edsger@example.net u3", "4 barbara@example.com u4");
        Assert.Equal("completed", (await _mirror.SyncAsync()).Outcome);
        Assert.Equal("ada@example.com/u1 barbara@example.com/u4 edsger@example.net/u3", _mirror.Members);
    }
}
