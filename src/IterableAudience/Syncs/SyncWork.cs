using IterableAudience.Connections;
using IterableAudience.Iterable;
using IterableAudience.Store;
using IterableAudience.Syncs.Ledger;
using IterableAudience.Syncs.Plan;
using IterableAudience.Syncs.Send;

namespace IterableAudience.Syncs;

/// <summary>One sync on its way through the spine, with everything that its steps need to know.</summary>
/// <param name="Sync">The sync as it is stored, and as its steps move it on.</param>
/// <param name="Connection">Its connection.</param>
/// <param name="Project">Where it sends.</param>
/// <param name="Store">The way to the store under this node's claim on the sync: all that the sync writes goes here.</param>
/// <param name="Guard">When to hold its plan.</param>
/// <param name="IgnoreUnknownDeletes">A delete whose key the ledger does not know changes nothing.</param>
/// <param name="Progress">What is told of it meanwhile.</param>
/// <param name="Counts">What was received and planned.</param>
/// <param name="Batches">Its batches.</param>
internal sealed record SyncWork(
    Sync Sync,
    Connection Connection,
    IterableProject Project,
    LeanStore Store,
    GuardSettings Guard,
    bool IgnoreUnknownDeletes,
    SyncProgress Progress,
    SyncCounts Counts,
    BatchStore Batches)
{
    public IsolationBudget Isolation { get; set; } = IsolationBudget.ForSync(0);

    /// <summary>Who came, gathered from the first batch on; null when an earlier process has recorded some of them.</summary>
    public HolderInserts? Holders { get; set; }

    /// <summary>What failed in earlier syncs of the connection is tried again.</summary>
    public bool RetryFailed { get; init; }

    /// <summary>The version of the connection that the plan is made of: for a source, the one that its rows were read with.</summary>
    public int PlanConnectionVersion => Sync.FromSource ? Sync.PlanConnectionVersion : Connection.Version;

    /// <summary>The list's ledger version when the list was claimed.</summary>
    public long LedgerVersion { get; set; }

    /// <summary>Number of the next batch, for people: batches are numbered as they are answered.</summary>
    public int NextBatchNumber;
}
