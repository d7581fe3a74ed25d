using System.Text.Json;
using IterableAudience.Syncs.Report;

namespace IterableAudience.Syncs;

/// <summary>The JSON that is stored with a sync.</summary>
internal static class SyncJson
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web);

    public static string Write(SyncCounts counts) => JsonSerializer.Serialize(counts, Options);

    public static SyncCounts Counts(string json) => JsonSerializer.Deserialize<SyncCounts>(json, Options) ?? new();

    public static string Write(SyncReport report) => JsonSerializer.Serialize(report, Options);

    public static SyncReport Report(string json) => JsonSerializer.Deserialize<SyncReport>(json, Options)!;
}
