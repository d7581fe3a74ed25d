namespace IterableAudience.Tests.Syncs;

/// <summary>Stands before Iterable on the service's side: while it is closed, subscribes and unsubscribes are on the wire and get no answer.</summary>
public sealed class Gate : DelegatingHandler
{
    private readonly SemaphoreSlim _arrivals = new(0);
    private TaskCompletionSource? _closed;

    public void Close() => _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Open()
    {
        _closed?.TrySetResult();
        _closed = null;
    }

    /// <summary>Until one more request waits.</summary>
    public Task ArrivedAsync(CancellationToken cancel) => _arrivals.WaitAsync(cancel);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (_closed is { } closed && request.RequestUri!.AbsolutePath.EndsWith("subscribe", StringComparison.Ordinal))
        {
            _arrivals.Release();
            await closed.Task.WaitAsync(cancellationToken);
        }

        return await base.SendAsync(request, cancellationToken);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _arrivals.Dispose();
        base.Dispose(disposing);
    }
}
