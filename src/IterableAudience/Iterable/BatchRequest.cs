using IterableAudience.Records;

namespace IterableAudience.Iterable;

/// <summary>One batch to send: up to 1000 operations of one kind on one list.</summary>
/// <param name="Project">Where to.</param>
/// <param name="SyncId">Whose: the syncs of a project take turns.</param>
/// <param name="ListId">The static list.</param>
/// <param name="Kind">What to do with all of them.</param>
/// <param name="Subscribers">Whom. An unsubscribe has exactly one identifier set in each.</param>
/// <param name="UpdateExistingUsersOnly">Don't make users that Iterable doesn't know; sent only where the project type respects it.</param>
/// <param name="ListMadeAt">When this service made the list, if it did: for a minute Iterable may not know it yet.</param>
/// <param name="Isolation">What the sync may still spend on finding bad rows.</param>
/// <param name="Log">Takes an entry for every request, throttled and failed ones included. Called from the sending thread, one call at a time.</param>
/// <param name="Gate">Whether requests may be started now; null: always.</param>
internal sealed record BatchRequest(
    IterableProject Project,
    string SyncId,
    long ListId,
    OperationKind Kind,
    IReadOnlyList<Identity> Subscribers,
    bool UpdateExistingUsersOnly,
    DateTimeOffset? ListMadeAt,
    IsolationBudget Isolation,
    Action<RequestLogEntry> Log,
    ISendGate? Gate = null);
