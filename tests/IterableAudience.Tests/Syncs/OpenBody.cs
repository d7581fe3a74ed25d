using System.Net;
using System.Net.Http.Headers;

namespace IterableAudience.Tests.Syncs;

/// <summary>A body that has begun and doesn't end until it is told to, or is abandoned.</summary>
internal sealed class OpenBody : HttpContent
{
    private readonly byte[] _beginning;
    private readonly TaskCompletionSource _written = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public OpenBody(byte[] beginning, string mediaType)
    {
        _beginning = beginning;
        Headers.ContentType = new MediaTypeHeaderValue(mediaType);
    }

    public Task WrittenAsync(CancellationToken cancel) => _written.Task.WaitAsync(cancel);

    public void End() => _end.TrySetResult();

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        await stream.WriteAsync(_beginning);
        await stream.FlushAsync();
        _written.TrySetResult();
        await _end.Task;
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    protected override void Dispose(bool disposing)
    {
        _end.TrySetResult();
        base.Dispose(disposing);
    }
}
