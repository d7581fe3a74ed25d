namespace IterableAudience.Iterable;

internal sealed class BatchSender
{
    public Task<BatchResult> SendAsync(BatchRequest request, CancellationToken stop) => throw new NotImplementedException();
}
