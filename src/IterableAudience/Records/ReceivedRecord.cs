namespace IterableAudience.Records;

/// <summary>
/// One record as received and mapped: the identifiers have their names, but nobody has judged their values yet.
/// </summary>
/// <param name="Line">Line of the body (NDJSON) or place in the array (JSON), from 1.</param>
/// <param name="Action">What became of the row; null when the record names none that exists (then <see cref="Fault"/> is set).</param>
/// <param name="PrimaryKey">The row's key in the source; null when the sender gave none.</param>
/// <param name="RecordId">The sender's own mark, given back as it is.</param>
/// <param name="Email">The value for <c>email</c>; null when absent or null.</param>
/// <param name="UserId">The value for <c>userId</c>; null when absent or null.</param>
/// <param name="Fault">Set when the record as a whole can't be used: <see cref="Reason.MalformedRecord"/>, <see cref="Reason.UnsupportedAction"/> or <see cref="Reason.NullPrimaryKey"/>.</param>
/// <param name="FaultDetail">Names what is wrong and how to mend it, without any value of the record.</param>
public readonly record struct ReceivedRecord(
    int Line,
    RecordAction? Action,
    string? PrimaryKey,
    string? RecordId,
    string? Email,
    string? UserId,
    Reason Fault = Reason.None,
    string? FaultDetail = null);
