using System.Text.Json;
using IterableAudience.Hosting;
using IterableAudience.Records;
using IterableAudience.Schedules;

namespace IterableAudience.Connections;

/// <summary>The parts of a connection that are stored as JSON, typed.</summary>
internal static class ConnectionParts
{
    public static Identifier[] Identifiers(this Connection connection) => Read<Identifier[]>(connection.IdentifiersJson);

    public static Schedule Schedule(this Connection connection) => Read<Schedule>(connection.ScheduleJson);

    public static SyncSettings SyncSettings(this Connection connection) => Read<SyncSettings>(connection.SyncSettingsJson);

    /// <summary>What the connection leaves in the warehouse, with the defaults filled in.</summary>
    public static SyncLogsConfig SyncLogs(this Connection connection) => connection.SyncSettings().Over(Connections.SyncSettings.Default).SyncLogsConfig!;

    /// <summary>The mapping as the record rules take it.</summary>
    public static IdentifierMapping Mapping(this Connection connection)
    {
        var identifiers = connection.Identifiers();
        return new(
            Array.Find(identifiers, i => i.To == Identifier.Email)?.From,
            Array.Find(identifiers, i => i.To == Identifier.UserId)?.From);
    }

    /// <summary>When the schedule starts it next: only where there is a source to read.</summary>
    public static DateTimeOffset? DueAfter(this Connection connection, DateTimeOffset moment)
        => connection.Enabled && connection.SourceId is not null ? connection.Schedule().NextAfter(moment) : null;

    public static string ToJson<T>(T part) => JsonSerializer.Serialize(part, JsonSetup.Options);

    private static T Read<T>(string json) => JsonSerializer.Deserialize<T>(json, JsonSetup.Options)!;
}
