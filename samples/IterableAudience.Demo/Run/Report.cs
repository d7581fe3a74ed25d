using System.Globalization;
using System.Text.Json.Nodes;
using IterableAudience.Demo.Driving;

namespace IterableAudience.Demo.Run;

/// <summary>Prints a sync's report, and finds out whether it adds up.</summary>
internal static class Report
{
    /// <summary>What is wrong with the report of a closed sync; empty when it adds up.</summary>
    public static IEnumerable<string> Faults(JsonNode sync, int lines)
    {
        var total = (int)sync["report"]!["received"]!["total"]!;
        var outcomes = Numbers(sync["report"]!["outcomes"]!).Sum(o => o.Count);
        if ((string)sync["status"]! != "succeeded")
        {
            yield return $"the sync ended as {sync["outcome"]}: {sync["error"]}";
        }

        if (total != lines)
        {
            yield return $"{lines} records were sent, the report counts {total}";
        }

        if (outcomes != total)
        {
            yield return $"the outcomes add up to {outcomes}, the report counts {total} records";
        }
    }

    public static void Print(JsonNode sync, TimeSpan took)
    {
        var report = sync["report"]!;
        var received = report["received"]!;
        Terminal.Pair("outcome", $"{sync["outcome"]} in {took.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture)} s");
        Terminal.Pair("received", $"{Count(received["total"])}   insert {received["insert"]}, update {received["update"]}, delete {received["delete"]}, unreadable {received["unreadable"]}");
        Terminal.Pair("requests to Iterable", $"{Count(Sum(report["requests"]!, "subscribe", "unsubscribe"))}   subscribe {report["requests"]!["subscribe"]}, unsubscribe {report["requests"]!["unsubscribe"]}, retried {report["requests"]!["retried"]}");
        Terminal.Line();

        var reasons = report["reasons"]!.AsArray();
        foreach (var (outcome, count) in Numbers(report["outcomes"]!).Where(o => o.Count > 0))
        {
            Terminal.Line($"  {outcome,-34} {Count(count)}");
            foreach (var reason in reasons.Where(r => (string)r!["outcome"]! == outcome && r["reason"] is not null))
            {
                Terminal.Line($"      {reason!["reason"],-30} {Count(reason["count"])}");
            }
        }

        foreach (var warning in report["warnings"]!.AsArray())
        {
            Terminal.Line($"  {"warning: " + warning!["warning"],-34} {Count(warning["count"])}");
        }
    }

    /// <summary>One record for each reason for which records failed.</summary>
    public static async Task PrintFailuresAsync(JsonClient service, string connectionId, JsonNode sync, CancellationToken cancellation)
    {
        foreach (var reason in sync["report"]!["reasons"]!.AsArray().Where(r => (string)r!["outcome"]! is "rejected" or "failed" or "forgotten" or "not_sent"))
        {
            var page = await service.GetAsync(
                $"/v2/retl-connections/{connectionId}/syncs/{sync["id"]}/failed-records?outcome={reason!["outcome"]}&reason={reason["reason"]}&pageSize=1", cancellation);
            if (page["data"]!.AsArray() is not [{ } record, ..])
            {
                continue;
            }

            var person = string.Join(", ", record["identifiers"] is JsonObject identifiers ? identifiers.Where(i => i.Value is not null).Select(i => $"{i.Key} {i.Value!.ToJsonString()}") : []);
            Terminal.Line($"  line {record["line"],5}  {record["action"],-7} {"key " + (record["primaryKey"] ?? "-"),-10} {reason["outcome"] + ": " + reason["reason"],-34} {person}");
        }
    }

    private static IEnumerable<(string Name, int Count)> Numbers(JsonNode counts) => counts.AsObject().Select(c => (c.Key, (int)c.Value!));

    private static int Sum(JsonNode counts, params string[] names) => names.Sum(n => (int)counts[n]!);

    private static string Count(JsonNode? number) => Count((int)number!);

    private static string Count(int number) => $"{number.ToString("N0", CultureInfo.InvariantCulture),8}";
}
