using IterableAudience.Iterable;

namespace IterableAudience.Syncs.Send;

/// <summary>What is recorded of a batch: an outcome for each operation, and the requests that it took.</summary>
/// <param name="Batch">The batch.</param>
/// <param name="Results">One for each operation.</param>
/// <param name="Attempts">How often the batch was sent.</param>
/// <param name="At">When the answer came.</param>
/// <param name="Requests">The requests; none for a batch that is settled without one.</param>
internal sealed record RecordedAnswer(Batch Batch, OperationResult[] Results, int Attempts, DateTimeOffset At, IReadOnlyList<RequestLogEntry> Requests);
