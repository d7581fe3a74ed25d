using System.Globalization;
using System.Text.Json.Nodes;
using Xunit;

namespace IterableAudience.Tests.Syncs;

/// <summary>A sync as the API answers it; short texts for what tests compare.</summary>
internal sealed class SyncResult
{
    public SyncResult(JsonNode json)
    {
        Json = json;
        if (Phase == "closed")
            MustAddUp();
    }

    public JsonNode Json { get; }

    public string Id => (string)Json["id"]!;

    public string Status => (string)Json["status"]!;

    public string Outcome => (string)Json["outcome"]!;

    public string Phase => (string)Json["phase"]!;

    public string Error => (string)Json["error"]!;

    public string PlanHash => (string)Json["planHash"]!;

    public long Received => (long)Json["report"]!["received"]!["total"]!;

    /// <summary>E.g. <c>subscribed 3, rejected 1</c>.</summary>
    public string Outcomes => NotZero("outcomes");

    /// <summary>E.g. <c>subscribe 2, unsubscribe 1</c>.</summary>
    public string Requests => NotZero("requests");

    public string Operations => NotZero("operations");

    public string ReceivedCounts => NotZero("received");

    /// <summary>E.g. <c>rejected invalid_email 1, failed user_not_found 2</c>.</summary>
    public string Reasons => string.Join(", ", Json["report"]!["reasons"]!.AsArray().Select(r => $"{r!["outcome"]} {r["reason"]} {r["count"]}"));

    /// <summary>E.g. <c>identifier_dropped 1</c>.</summary>
    public string Warnings => string.Join(", ", Json["report"]!["warnings"]!.AsArray().Select(r => $"{r!["warning"]} {r["count"]}"));

    /// <summary>Everything that a closed sync promises about its sums.</summary>
    private void MustAddUp()
    {
        var outcomes = Json["report"]!["outcomes"]!.AsObject().Sum(o => (long)o.Value!);
        Assert.Equal(Received, outcomes);
        Assert.Equal(Received, (long)Json["metrics"]!["total"]!);
        Assert.Equal(Received, (long)Json["metrics"]!["changed"]!["total"]!);
        Assert.Equal(Received, (long)Json["metrics"]!["succeeded"]!["total"]! + (long)Json["metrics"]!["failed"]!["total"]!);
        var counted = Json["report"]!["received"]!.AsObject().Where(p => p.Key != "total").Sum(p => (long)p.Value!);
        Assert.Equal(Received, counted);
        Assert.Equal(Status == "failed", Error.Length > 0);
    }

    private string NotZero(string part)
        => string.Join(", ", Json["report"]![part]!.AsObject().Where(p => (long)p.Value! != 0)
            .Select(p => string.Create(CultureInfo.InvariantCulture, $"{p.Key} {(long)p.Value!}")));
}
