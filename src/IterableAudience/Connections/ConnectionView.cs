using System.Text.Json;
using System.Text.Json.Serialization;
using IterableAudience.Schedules;
using IterableAudience.Syncs;

namespace IterableAudience.Connections;

/// <summary>A connection as the API shows it.</summary>
/// <param name="NextRunAt">When its schedule starts it next; null when it is manual or disabled.</param>
/// <param name="LastSkippedAt">When a tick was last skipped because a sync was running.</param>
/// <param name="LastSync">Its newest sync.</param>
/// <param name="Members">How many people of this connection are on the list.</param>
public sealed record ConnectionView(
    string Id,
    string DestinationId,
    string? SourceId,
    bool Enabled,
    ScheduleView Schedule,
    string SyncBehaviour,
    IReadOnlyList<Identifier> Identifiers,
    SyncSettings SyncSettings,
    ConnectionListView DestinationConfig,
    string? ExternalId,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    DateTimeOffset? NextRunAt,
    DateTimeOffset? LastSkippedAt,
    LastSyncView? LastSync,
    long Members)
{
    internal static ConnectionView Of(Connection c, Sync? lastSync, long members, DateTimeOffset now) => new(
        c.Id,
        c.DestinationId,
        c.SourceId,
        c.Enabled,
        ScheduleView.Of(c.Schedule()),
        ConnectionRequest.OnlyBehaviour,
        c.Identifiers(),
        c.SyncSettings(),
        new(c.AudienceId, c.UpdateExistingUsersOnly),
        c.ExternalId,
        c.CreatedAt,
        c.UpdatedAt,
        !c.Enabled ? null : c.DueAt > now ? c.DueAt : c.Schedule().NextAfter(now),
        c.LastSkippedAt,
        lastSync is null ? null : new(lastSync.Id, JsonNamingPolicy.SnakeCaseLower.ConvertName(lastSync.Outcome.ToString()), lastSync.FinishedAt),
        members);
}

/// <summary>A schedule with only the members of its type.</summary>
public sealed record ScheduleView(
    string Type,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? EveryMinutes,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? StartingAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? CronExpression)
{
    internal static ScheduleView Of(Schedule s) => new(s.Type!, s.EveryMinutes, s.StartingAt, s.CronExpression);
}

public sealed record ConnectionListView(long AudienceId, bool UpdateExistingUsersOnly);

/// <param name="Outcome">The full story, e.g. <c>completed_with_failures</c>.</param>
public sealed record LastSyncView(string Id, string Outcome, DateTimeOffset? FinishedAt);
