using System.Net;
using Xunit;

namespace IterableAudience.Tests.Faults;

/// <summary>A body that begins and then neither ends nor goes on.</summary>
internal sealed class HalfBody : HttpContent
{
    private readonly byte[] _half;

    public HalfBody(Rows half)
    {
        _half = half.Bytes;
        Headers.ContentType = new("application/x-ndjson");
    }

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        await stream.WriteAsync(_half, TestContext.Current.CancellationToken);
        await stream.FlushAsync(TestContext.Current.CancellationToken);
        await Task.Delay(Timeout.Infinite, TestContext.Current.CancellationToken);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
