using System.Text.Json;

namespace IterableAudience.Syncs;

/// <summary>The spelling of a sync's states in the API.</summary>
internal static class SyncWords
{
    public static string Word(this SyncOutcome outcome) => JsonNamingPolicy.SnakeCaseLower.ConvertName(outcome.ToString());

    public static string Word(this SyncPhase phase) => JsonNamingPolicy.SnakeCaseLower.ConvertName(phase.ToString());

    public static string Word(this SyncTrigger trigger) => JsonNamingPolicy.SnakeCaseLower.ConvertName(trigger.ToString());

    /// <summary>RudderStack's three words: its clients poll for ever on any other.</summary>
    public static string Status(this SyncOutcome outcome) => outcome switch
    {
        SyncOutcome.Queued or SyncOutcome.Running => "running",
        SyncOutcome.Completed or SyncOutcome.CompletedWithFailures or SyncOutcome.Planned => "succeeded",
        _ => "failed",
    };

    /// <summary>Those that answer with this status. Until it is closed a sync is running, whatever it is going to end as.</summary>
    public static IQueryable<Sync> WithStatus(this IQueryable<Sync> syncs, string status)
    {
        var outcomes = Enum.GetValues<SyncOutcome>().Where(o => o.Status() == status).ToArray();
        return status == "running" ? syncs.Where(s => s.Active) : syncs.Where(s => !s.Active && outcomes.Contains(s.Outcome));
    }
}
