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

    public static string Write(StoredProgress progress) => JsonSerializer.Serialize(progress, Options);

    public static StoredProgress Progress(string json) => JsonSerializer.Deserialize<StoredProgress>(json, Options)!;

    public static StoredPart Part(string json) => JsonSerializer.Deserialize<StoredPart>(json, Options)!;

    public static SyncReport Report(string json) => JsonSerializer.Deserialize<SyncReport>(json, Options)!;
}

/// <summary>What a sync's node tells of it now and then, for those who ask another node.</summary>
/// <param name="Phase">Where it is.</param>
/// <param name="Report">What is known so far.</param>
/// <param name="Open">What it has still to send; null while that can't be known.</param>
internal sealed record StoredProgress(SyncPhase Phase, SyncReport Report, StoredPart? Open = null);

/// <summary>A sync as other nodes' estimates need to know it, besides its number and list.</summary>
/// <param name="Project">Its project, by the hash of its key.</param>
/// <param name="HasList">It has claimed the list.</param>
/// <param name="Requests">Its open requests.</param>
internal sealed record StoredPart(string Project, bool HasList, long Requests);
