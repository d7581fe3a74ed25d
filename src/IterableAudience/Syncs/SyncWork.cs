using IterableAudience.Connections;
using IterableAudience.Iterable;
using IterableAudience.Syncs.Plan;
using IterableAudience.Syncs.Send;

namespace IterableAudience.Syncs;

/// <summary>One sync on its way through the spine, with everything that its steps need to know.</summary>
internal sealed record SyncWork(
    Sync Sync,
    Connection Connection,
    IterableProject Project,
    GuardSettings Guard,
    bool IgnoreUnknownDeletes,
    SyncProgress Progress,
    SyncCounts Counts,
    BatchStore Batches)
{
    public IsolationBudget Isolation { get; set; } = IsolationBudget.ForSync(0);

    /// <summary>What failed in earlier syncs of the connection is tried again.</summary>
    public bool RetryFailed { get; init; }

    /// <summary>The list's ledger version when the list was claimed.</summary>
    public long LedgerVersion { get; set; }

    /// <summary>Number of the next batch, for people: batches are numbered as they are answered.</summary>
    public int NextBatchNumber;
}
