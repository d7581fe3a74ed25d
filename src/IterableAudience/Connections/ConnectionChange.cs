namespace IterableAudience.Connections;

/// <summary>What a PUT does to a connection; pure.</summary>
internal static class ConnectionChange
{
    private const string Fixed = "can't be changed; make another connection.";

    /// <summary>Members that differ and never may; equal ones are fine, so that a client can send back what it has read.</summary>
    public static IEnumerable<(string Field, string Message)> ImmutableFaults(Connection connection, ConnectionRequest request)
    {
        if (request.DestinationId is { } destination && destination != connection.DestinationId)
            yield return ("destinationId", Fixed);
        if (request.SourceId is { } source && source != connection.SourceId)
            yield return ("sourceId", Fixed);
        if (request.SyncBehaviour is { } behaviour && behaviour != ConnectionRequest.OnlyBehaviour)
            yield return ("syncBehaviour", "must be mirror; nothing else is offered.");
        if (request.DestinationConfig is not { } list)
            yield break;
        if (list.AudienceId is { } audience && audience != connection.AudienceId)
            yield return ("destinationConfig.audienceId", "can't be changed: another list is another connection.");
        if (list.CreateList is not null)
            yield return ("destinationConfig.createList", "can't be used here: another list is another connection.");
        if (list.UpdateExistingUsersOnly is { } only && only != connection.UpdateExistingUsersOnly)
            yield return ("destinationConfig.updateExistingUsersOnly", Fixed);
    }

    /// <summary>Writes the change. The version goes up when a plan made before would be another one now: then an approval of it is refused.</summary>
    public static void Apply(Connection connection, ConnectionRequest request, DateTimeOffset now)
    {
        var identifiers = request.Identifiers is null ? connection.IdentifiersJson : ConnectionParts.ToJson(request.Identifiers);
        var before = connection.SyncSettings();
        var after = request.SyncSettings?.Over(before) ?? before;
        if (identifiers != connection.IdentifiersJson || after.Guard != before.Guard || after.UnknownDeletes != before.UnknownDeletes)
            connection.Version++;

        connection.IdentifiersJson = identifiers;
        connection.SyncSettingsJson = ConnectionParts.ToJson(after);
        var (schedule, enabled) = (connection.ScheduleJson, connection.Enabled);
        if (request.Schedule is not null)
            connection.ScheduleJson = ConnectionParts.ToJson(request.Schedule);
        connection.Enabled = request.Enabled ?? connection.Enabled;
        // A change of anything else moves no tick; and what was due while it was paused is not made up for.
        if (connection.ScheduleJson != schedule || connection.Enabled != enabled)
            connection.DueAt = connection.DueAfter(now);
        connection.UpdatedAt = now;
    }
}
