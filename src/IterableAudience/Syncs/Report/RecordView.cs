namespace IterableAudience.Syncs.Report;

/// <summary>What became of one record.</summary>
/// <param name="Line">Line or place in the pushed body; null for what did not come with this sync.</param>
/// <param name="PrimaryKey">The row's key.</param>
/// <param name="RecordId">The sender's own mark.</param>
/// <param name="Action">insert, update or delete; null when the record names none.</param>
/// <param name="Outcome">One of the closed set.</param>
/// <param name="Reason">Why, where there is something to say.</param>
/// <param name="Detail">The same in words.</param>
/// <param name="Faults">What validation found wrong with identifiers.</param>
/// <param name="Identifiers">As sent, or as received where validation refused them.</param>
/// <param name="Batch">Number of the batch, as in the request log.</param>
/// <param name="Attempts">How often it was sent in all: its batch in this sync, and what earlier syncs sent that is tried again.</param>
/// <param name="HttpStatus">Status of the answer that decided.</param>
/// <param name="At">When it was decided.</param>
public sealed record RecordView(
    int? Line,
    string? PrimaryKey,
    string? RecordId,
    string? Action,
    string Outcome,
    string? Reason,
    string? Detail,
    IReadOnlyList<FaultView> Faults,
    IReadOnlyDictionary<string, string> Identifiers,
    long? Batch,
    int? Attempts,
    int? HttpStatus,
    DateTimeOffset? At);

/// <summary>What is wrong with one identifier of a record.</summary>
public sealed record FaultView(string Identifier, string Fault);
