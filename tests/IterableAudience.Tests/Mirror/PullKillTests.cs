using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using DuckDB.NET.Data;
using IterableAudience.Simulator.Api;
using IterableAudience.Simulator.Faults;
using IterableAudience.Tests.Faults;
using IterableAudience.Tests.Stores;
using Xunit;

namespace IterableAudience.Tests.Mirror;

/// <summary>SIGKILL while a source is read, while its changes are sent, and while the sync closes: the next start ends the sync, as if nothing had happened.</summary>
public sealed class PullKillTests : ProcessTest
{
    private const int People = 40_000;

    private string File => Path.Combine(Folder, "warehouse", "shop.duckdb");

    [Theory]
    [StoreData("true")]
    [StoreData("false")]
    public async Task A_sync_of_a_source_that_is_killed_anywhere_ends_like_any_other(StoreKind store, string logs)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(File)!);
        Run($"CREATE TABLE people AS SELECT 'row-' || i AS pk, 'p' || i || '@example.com' AS \"EMAIL\", 'uid-' || i AS \"ID\" FROM range({People}) t(i)");
        var site = await SiteAsync(store, ("Sources__DuckDb__Root", Path.GetDirectoryName(File)!));
        var account = await site.PostAsync("/v2/accounts", """{"name":"Shop","accountDefinitionName":"SOURCE_DUCKDB","options":{"path":"shop.duckdb"}}""");
        var source = await site.PostAsync("/v2/retl-sources", $$"""
            {"name":"People","sourceType":"table","sourceDefinitionName":"duckdb","accountId":"{{account["id"]}}","config":{"primaryKey":"pk","schema":"main","table":"people"} }
            """);
        var audience = await site.AudienceAsync("mirror", $$$""","sourceId":"{{{source["id"]}}}","syncSettings":{"syncLogsConfig":{"enabled":{{{logs}}} } }""");

        // While the source is read (or just before, or just after).
        var sync = await StartAsync(site, audience);
        await site.CrashAsync(() => site.Hang(audience, CallKind.Subscribe, FaultKind.HangAfter, skip: 20, times: 2));
        await site.CaughtAsync(audience, sync, recorded: 10_000, hanging: 2);
        await site.CrashAsync();
        var met = await site.SyncUntilAsync(audience, sync, s => (string)s["phase"]! is "closing" or "closed");
        await site.CrashAsync();
        var first = await site.ClosedAsync(audience, sync);
        Assert.Equal(("completed", "full", (long)People), ((string)first["outcome"]!, (string)first["syncType"]!, (long)first["report"]!["outcomes"]!["subscribed"]!));
        Assert.Equal(People, site.Members(audience).Count);

        // What was read then is the baseline: one change is one change.
        Run("UPDATE people SET \"EMAIL\" = 'other@example.com', \"ID\" = 'uid-other' WHERE pk = 'row-7'; DELETE FROM people WHERE pk = 'row-8'");
        var second = await site.ClosedAsync(audience, await StartAsync(site, audience));
        Assert.Equal(("completed", "incremental", 2L), ((string)second["outcome"]!, (string)second["syncType"]!, (long)second["report"]!["received"]!["total"]!));
        Assert.Equal(People - 1, site.Members(audience).Count);
        Assert.NotNull(met);
        if (logs == "true")
        {
            await site.Service.StopAsync();
            Assert.Equal(People + 2, Count("SELECT count(*) FROM _rudderstack.sync_log"));
            Assert.Equal(2, Count("SELECT count(*) FROM information_schema.tables WHERE table_schema = '_rudderstack' AND table_name LIKE 'snapshot%'"));
        }
    }

    private static async Task<string> StartAsync(Site site, Audience audience)
        => (string)(await site.PostAsync($"/v2/retl-connections/{audience.Connection}/start", "{}"))["syncId"]!;

    [SuppressMessage("Security", "CA2100", Justification = "The statements are the test's.")]
    private void Run(string sql)
    {
        using var connection = new DuckDBConnection($"Data Source={File}");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    [SuppressMessage("Security", "CA2100", Justification = "The statements are the test's.")]
    private long Count(string sql)
    {
        using var connection = new DuckDBConnection($"Data Source={File}");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return Convert.ToInt64(command.ExecuteScalar(), System.Globalization.CultureInfo.InvariantCulture);
    }
}
