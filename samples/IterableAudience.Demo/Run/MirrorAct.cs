using System.Diagnostics;
using System.Text.Json.Nodes;
using IterableAudience.Demo.Driving;
using IterableAudience.Demo.Expected;
using IterableAudience.Demo.Samples;

namespace IterableAudience.Demo.Run;

/// <summary>
/// The second act: no control plane pushes anything. The service reads a model of a DuckDB file, finds what changed, and makes a second list follow; an emptied table is
/// held until somebody approves.
/// </summary>
internal sealed class MirrorAct(Installation installation, Setup first, Audience firstAudience, List<string> faults, CancellationToken cancellation)
{
    private const string Model = "SELECT CUSTOMER, EMAIL, ID FROM customers WHERE PLAN = 'pro'";

    private readonly Audience audience = new([Days.ForgottenEmail], firstAudience.Users);
    private readonly Dictionary<string, (string? Email, string? UserId)> known = [];
    private Warehouse warehouse = null!;
    private Setup setup = null!;

    public async Task RunAsync(IReadOnlyList<string> files)
    {
        Terminal.Title("Second act: a table in a DuckDB file, and a model of it");
        warehouse = new Warehouse(Path.Combine(installation.Folder, "warehouse"));
        warehouse.Load(files.SelectMany(File.ReadLines));
        setup = await Setup.MirrorAsync(installation.Service, first, Warehouse.FileName, Model, "CUSTOMER", "Customers with a paid plan", cancellation);
        Terminal.Pair("customers in the table", $"{int.Parse(warehouse.Rows("SELECT count(*) FROM customers")[0][0]!, System.Globalization.CultureInfo.InvariantCulture),8:N0}");
        Terminal.Pair("the model", Model);
        Terminal.Pair("connection, new list", $"{setup.ConnectionId}, {setup.ListId}");

        await SyncAsync("First sync: everybody whom the model selects");

        warehouse.Run("DELETE FROM customers WHERE hash(CUSTOMER) % 40 = 0");
        warehouse.Run("UPDATE customers SET PLAN = CASE PLAN WHEN 'pro' THEN 'free' ELSE 'pro' END WHERE hash(CUSTOMER) % 40 = 1");
        warehouse.Run("INSERT INTO customers SELECT 'n-' || i, 'N-' || i, 'new.customer' || i || '@example.net', 'New', 'Customer', 'Graz', 'pro' FROM range(25) t(i)");
        warehouse.Run("INSERT INTO customers VALUES ('n-1', 'N-1001', 'twice@example.net', 'Comes', 'Twice', 'Graz', 'pro'), (NULL, 'N-1002', 'no.key@example.net', 'Has', 'No Key', 'Graz', 'pro')");
        await SyncAsync("Second sync: customers left, changed their plan, are new; one row comes twice, one has no key");
        await CompareWithIterableAsync();

        warehouse.Run("CREATE TABLE away AS SELECT * FROM customers; DELETE FROM customers");
        await EmptyAsync();

        warehouse.Run("INSERT INTO customers SELECT * FROM away; DROP TABLE away");
        await SyncAsync("And back: the rows are there again");
        PrintTables();
    }

    private async Task SyncAsync(string title)
    {
        Terminal.Title(title);
        var watch = Stopwatch.StartNew();
        var sync = await installation.Service.SyncAsync(setup.ConnectionId, cancellation);
        Report.Print(sync, watch.Elapsed);
        await CheckAsync(title, sync);
    }

    /// <summary>The guard holds an emptied source; only who names the plan by its hash can have it run.</summary>
    private async Task EmptyAsync()
    {
        Terminal.Title("An emptied table");
        var held = await installation.Service.SyncAsync(setup.ConnectionId, cancellation);
        Terminal.Pair("outcome", $"{held["outcome"]}: {held["error"]}");
        var path = $"/v2/retl-connections/{setup.ConnectionId}/syncs/{held["id"]}";
        var plan = await installation.Service.GetAsync($"{path}/plan", cancellation);
        Terminal.Pair("the plan", $"subscribe {plan["operations"]!["subscribe"]}, unsubscribe {plan["operations"]!["unsubscribe"]} of {plan["guard"]!["members"]} members");
        if ((string)held["outcome"]! != "held")
        {
            faults.Add($"an emptied table was not held but {held["outcome"]}");
            return;
        }

        try
        {
            await installation.Service.PostAsync($"{path}/approve", new JsonObject { ["planHash"] = "some other plan" }, cancellation);
            faults.Add("a plan was run that nobody had named");
        }
        catch (DemoException refused)
        {
            Terminal.Pair("approved by a wrong hash", refused.Message.Contains("409", StringComparison.Ordinal) ? "refused (409)" : refused.Message);
        }

        Terminal.Pair("on the list meanwhile", $"{(await installation.Simulator.MembersAsync(setup.ListId, cancellation)).Count,8:N0}");
        var approved = await installation.Service.PostAsync($"{path}/approve", new JsonObject { ["planHash"] = (string)held["planHash"]! }, cancellation);
        var sync = await installation.Service.EndOfAsync(setup.ConnectionId, (string)approved["syncId"]!, cancellation);
        Terminal.Pair("approved by its hash", $"{sync["outcome"]}, unsubscribed {sync["report"]!["outcomes"]!["unsubscribed"]}");
        await CheckAsync("approval", sync);
    }

    /// <summary>What the list must be now, found out from the table alone; and what the report must add up to.</summary>
    private async Task CheckAsync(string title, JsonNode sync)
    {
        var rows = warehouse.Rows(Model).GroupBy(r => r[0] ?? "").ToDictionary(g => g.Key, g => g.ToList());
        List<string> lines = [.. known.Keys.Where(k => !rows.ContainsKey(k)).ToList().Select(k => Line("delete", k, null, null))];
        foreach (var (key, of) in rows.Where(r => r.Key.Length > 0 && r.Value.Count == 1)) // one without a key, or one of several with the same, is held back
        {
            var row = (of[0][1], of[0][2]);
            if (!known.TryGetValue(key, out var before) || before != row || sync["syncType"]!.GetValue<string>() == "full")
            {
                lines.Add(Line("insert", key, row.Item1, row.Item2));
                known[key] = row;
            }
        }

        foreach (var gone in known.Keys.Where(k => !rows.ContainsKey(k)).ToList())
        {
            known.Remove(gone);
        }

        audience.Apply(lines);
        var total = (int)sync["report"]!["received"]!["total"]!;
        faults.AddRange(Report.Faults(sync, total).Select(f => $"{title}: {f}"));
        DemoRun.Compare(faults, title, audience.People, await installation.Simulator.MembersAsync(setup.ListId, cancellation));
    }

    private async Task CompareWithIterableAsync()
    {
        var started = await installation.Service.PostAsync($"/v2/retl-connections/{setup.ConnectionId}/reconcile", new JsonObject(), cancellation);
        JsonNode found;
        do
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), cancellation);
            found = await installation.Service.GetAsync($"/v2/retl-connections/{setup.ConnectionId}/reconcile/{started["reconcileId"]}", cancellation);
        }
        while ((string)found["status"]! == "running");
        Terminal.Pair("ledger and list compared", (string)found["status"]! == "completed"
            ? $"ours and there {found["report"]!["oursAndThere"]}, missing {found["report"]!["oursAndMissing"]}, strangers {found["report"]!["thereAndNotOurs"]}"
            : (string)found["error"]!);
    }

    private void PrintTables()
    {
        Terminal.Title("What the service has written to the warehouse (schema _rudderstack)");
        Terminal.Line("  sync_log, by run:");
        foreach (var row in warehouse.Rows("""
            SELECT sync_run_id, operation, status, coalesce(reason_code, ''), count(*) FROM _rudderstack.sync_log GROUP BY ALL ORDER BY min(sync_started_at), 2, 3, 4
            """))
        {
            Terminal.Line($"    {row[0],-14} {row[1],-7} {row[2],-10} {row[3],-24} {row[4],7}");
        }

        Terminal.Line("  snapshots:");
        foreach (var row in warehouse.Rows("SELECT table_name, estimated_size FROM duckdb_tables() WHERE schema_name = '_rudderstack' AND table_name LIKE 'snapshot%' ORDER BY 1"))
        {
            Terminal.Line($"    {row[0],-48} {row[1],7} rows");
        }
    }

    private static string Line(string action, string key, string? email, string? userId)
        => new JsonObject { ["action"] = action, ["primaryKey"] = key, ["fields"] = new JsonObject { ["EMAIL"] = email, ["ID"] = userId } }.ToJsonString();
}
