namespace IterableAudience.Syncs;

/// <summary>One run of a connection, as stored. Its records, plan and outcomes are in the lean tables of <c>Store/Migrations</c>.</summary>
public sealed class Sync
{
    /// <summary>Small number that the lean tables use; never shown. Grows with every sync.</summary>
    public long No { get; set; }

    /// <summary>Public id: short, URL-safe, without underscores.</summary>
    public required string Id { get; set; }

    public long ConnectionNo { get; set; }

    public long ListNo { get; set; }

    public SyncTrigger Trigger { get; set; }

    /// <summary>Its records were read of the connection's source by the service, not pushed; once they are staged there is a <see cref="Mirror.SourceRun"/>, until the baseline has moved past it.</summary>
    public bool FromSource { get; set; }

    public bool Full { get; set; }

    public bool DryRun { get; set; }

    /// <summary>A full push, or a full sync of a source, that sends everything, not only the difference from the ledger.</summary>
    public bool Resend { get; set; }

    public SyncPhase Phase { get; set; }

    public SyncOutcome Outcome { get; set; }

    /// <summary>True until the sync is closed. A unique index makes it the claim on the connection: one active sync each.</summary>
    public bool Active { get; set; }

    /// <summary>Why the sync did not complete; empty otherwise. Holds no personal data.</summary>
    public string Error { get; set; } = "";

    public DateTimeOffset StartedAt { get; set; }

    public DateTimeOffset? FinishedAt { get; set; }

    /// <summary>Set by a stop or cancel; the runner sees it between requests.</summary>
    public bool CancelRequested { get; set; }

    /// <summary>How many partitions of the key space the staged records are in: 1 for small syncs.</summary>
    public int Partitions { get; set; }

    /// <summary>What the sender said it would send; another number aborts the sync.</summary>
    public long? ExpectedRecords { get; set; }

    /// <summary>The sync whose records and plan this one runs (an approval), else its own number.</summary>
    public long PlanSyncNo { get; set; }

    public string? PlanHash { get; set; }

    /// <summary><see cref="Connections.AudienceList.LedgerVersion"/> when the plan was made.</summary>
    public long PlanLedgerVersion { get; set; }

    /// <summary><see cref="Connections.Connection.Version"/> when the plan was made.</summary>
    public int PlanConnectionVersion { get; set; }

    /// <summary>How far the send stages have been cut into batches.</summary>
    public int CutStage { get; set; }

    /// <summary>The counts that staging and planning fix (JSON of <c>SyncCounts</c>).</summary>
    public string CountsJson { get; set; } = "{}";

    /// <summary>The report once the sync is closed (JSON of <c>SyncReport</c>), else null.</summary>
    public string? ReportJson { get; set; }

    /// <summary>Records of the closed sync (<c>metrics.total</c>), beside the report so that many syncs can be looked at without it.</summary>
    public long? Records { get; set; }

    /// <summary>How many of them did not get where they should (<c>metrics.failed</c>).</summary>
    public long? FailedRecords { get; set; }

    /// <summary>Members of the connection when the sync was closed.</summary>
    public long? Members { get; set; }

    public string? IdempotencyKey { get; set; }

    /// <summary>Hash of the body that came with the idempotency key, once it is whole.</summary>
    public string? BodyHash { get; set; }

    /// <summary>The node that works on the sync; null when it has given the sync back.</summary>
    public string? ClaimedBy { get; set; }

    /// <summary>Counts the claims: a node's writes hold only while its claim is the last one.</summary>
    public long ClaimEpoch { get; set; }

    /// <summary>What its node last told of its progress, for those who ask another node (JSON of <c>StoredProgress</c>).</summary>
    public string? ProgressJson { get; set; }

    /// <summary>Its sync log is still to be written to the warehouse.</summary>
    public bool LogDue { get; set; }

    /// <summary>Records have been removed by retention; the report stays.</summary>
    public bool RecordsPurged { get; set; }
}

/// <summary>What started a sync.</summary>
public enum SyncTrigger : byte
{
    Push,
    Manual,
    Schedule,
    Approval,
}

/// <summary>Where in the spine a sync is.</summary>
public enum SyncPhase : byte
{
    Queued,
    Staging,
    Planning,
    Sending,
    Closing,
    Closed,
}

/// <summary>The full story of a sync; RudderStack's three status words derive from it.</summary>
public enum SyncOutcome : byte
{
    Queued,
    Running,
    Completed,
    CompletedWithFailures,
    Planned,
    Aborted,
    Cancelled,
    Held,
    Discarded,
}
