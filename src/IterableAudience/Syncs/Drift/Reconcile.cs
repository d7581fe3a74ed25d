namespace IterableAudience.Syncs.Drift;

/// <summary>One comparison of the ledger with what Iterable has on the list. It changes nothing.</summary>
public sealed class Reconcile
{
    /// <summary>Short, URL-safe, without underscores.</summary>
    public required string Id { get; set; }

    public long ConnectionNo { get; set; }

    public ReconcileStatus Status { get; set; }

    /// <summary>The node that reads; when it is gone, so is the comparison.</summary>
    public required string Node { get; set; }

    /// <summary>Why there is no verdict; empty otherwise.</summary>
    public string Error { get; set; } = "";

    /// <summary>The verdict (JSON of <see cref="DriftReport"/>); null while there is none.</summary>
    public string? ReportJson { get; set; }

    public DateTimeOffset StartedAt { get; set; }

    public DateTimeOffset? FinishedAt { get; set; }
}

public enum ReconcileStatus : byte
{
    Running,
    Completed,
    Failed,
}

/// <summary>Ledger and list side by side, person by person.</summary>
/// <param name="Ours">People whom the connection has put on the list, by the ledger.</param>
/// <param name="There">People whom Iterable has on the list.</param>
/// <param name="OursAndThere">Both.</param>
/// <param name="OursAndMissing">In the ledger, and not on the list: somebody or something else took them off, or Iterable is late.</param>
/// <param name="ThereAndNotOurs">On the list, and put there by no connection: strangers.</param>
/// <param name="ThereByOthers">On the list by other connections, or on their way off it.</param>
/// <param name="LedgerMoved">A sync changed the ledger while the list was read: look again when none runs.</param>
/// <param name="Samples">Some of those who are missing or strangers, masked.</param>
internal sealed record DriftReport(
    long Ours, long There, long OursAndThere, long OursAndMissing, long ThereAndNotOurs, long ThereByOthers, bool LedgerMoved, DriftSamples Samples);

/// <param name="OursAndMissing">E.g. <c>a…@example.com</c>.</param>
/// <param name="ThereAndNotOurs">Likewise.</param>
internal sealed record DriftSamples(IReadOnlyList<string> OursAndMissing, IReadOnlyList<string> ThereAndNotOurs);
