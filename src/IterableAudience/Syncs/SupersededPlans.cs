using System.Data.Common;
using IterableAudience.Store;

namespace IterableAudience.Syncs;

/// <summary>
/// Held syncs of a source that wait for a decision and have been overtaken by a newer one. A schedule would leave one more with every round; so of them
/// only the newest can be approved, and what the others had read is given to the purge. Dry runs stay.
/// </summary>
internal static class SupersededPlans
{
    /// <summary>Drops what the held syncs before this one have staged, unless somebody has approved it.</summary>
    /// <param name="write">The transaction that ends the sync as held. Before its row is written: see the order in <see cref="SyncStart"/>.</param>
    /// <param name="sync">The newest one.</param>
    public static void Drop(DbConnection write, Sync sync)
    {
        const string held = """
            "ConnectionNo" = @c AND "No" < @s AND "FromSource" AND "Outcome" = @h AND NOT "Active"
            AND NOT EXISTS (SELECT 1 FROM sync u WHERE u."PlanSyncNo" = sync."No" AND u."No" <> sync."No")
            """;
        (string, object?)[] parameters = [("@c", sync.ConnectionNo), ("@s", sync.No), ("@h", (int)SyncOutcome.Held)];
        write.Run(
            $"""
            UPDATE sync SET "RecordsPurged" = TRUE, "Partitions" = CASE WHEN "Partitions" > 0 THEN "Partitions" ELSE 1 END WHERE NOT "RecordsPurged" AND {held}
            """,
            parameters);
        write.Run($"""DELETE FROM baseline_part WHERE connection = @c AND live = 0 AND sync IN (SELECT "No" FROM sync WHERE {held})""", parameters);
        write.Run($"""DELETE FROM source_run WHERE "SyncNo" IN (SELECT "No" FROM sync WHERE {held})""", parameters);
    }
}
