using System.Text.Json;
using IterableAudience.Connections;
using IterableAudience.Records;
using IterableAudience.Syncs.Plan;

namespace IterableAudience.Syncs;

/// <summary>What a plan needs of a connection's settings.</summary>
internal static class PlanSettings
{
    public static (GuardSettings Guard, bool IgnoreUnknownDeletes) Of(Connection connection)
    {
        using var settings = JsonDocument.Parse(connection.SyncSettingsJson);
        var root = settings.RootElement;
        var guard = root.TryGetProperty("guard", out var g)
            ? new GuardSettings(g.GetProperty("enabled").GetBoolean(), g.GetProperty("maxRemovalPercent").GetDouble(), g.GetProperty("minRemovals").GetInt64())
            : new GuardSettings(true, 50, 100);
        return (guard, root.TryGetProperty("unknownDeletes", out var unknown) && unknown.ValueEquals("ignore"));
    }

    /// <summary>The columns that become identifiers.</summary>
    public static IdentifierMapping MappingOf(Connection connection)
    {
        using var identifiers = JsonDocument.Parse(connection.IdentifiersJson);
        string? email = null;
        string? userId = null;
        foreach (var identifier in identifiers.RootElement.EnumerateArray())
        {
            var from = identifier.GetProperty("from").GetString();
            if (identifier.GetProperty("to").ValueEquals("email"))
            {
                email = from;
            }
            else
            {
                userId = from;
            }
        }

        return email is null && userId is null ? IdentifierMapping.None : new IdentifierMapping(email, userId);
    }
}
