using System.Net;
using Xunit;

namespace IterableAudience.Tests.Faults;

/// <summary>A body that begins and then neither ends nor goes on, until its sender breaks off.</summary>
internal sealed class HalfBody : HttpContent
{
    private readonly byte[] _half;
    private readonly TaskCompletionSource _brokenOff = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public HalfBody(Rows half)
    {
        _half = half.Bytes;
        Headers.ContentType = new("application/x-ndjson");
    }

    /// <summary>NOTE: the client looks for an answer only when the body has ended.</summary>
    public void BreakOff() => _brokenOff.TrySetException(new IOException("The sender breaks off."));

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        await stream.WriteAsync(_half, TestContext.Current.CancellationToken);
        await stream.FlushAsync(TestContext.Current.CancellationToken);
        await _brokenOff.Task;
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
