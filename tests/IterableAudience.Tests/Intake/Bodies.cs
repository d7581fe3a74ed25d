using System.IO.Compression;
using System.Text;
using IterableAudience.Records;
using IterableAudience.Syncs.Intake;
using Xunit;

namespace IterableAudience.Tests.Intake;

/// <summary>Sends bodies the way networks do, and gathers what comes out of them.</summary>
internal static class Bodies
{
    public static readonly IdentifierMapping Mapping = new("EMAIL", "ID");

    public static Task<(IReadOnlyList<ReceivedRecord> Records, WholeBody Body)> ReadNdjsonAsync(string body)
        => ReadNdjsonAsync(new MemoryStream(Encoding.UTF8.GetBytes(body)));

    public static Task<(IReadOnlyList<ReceivedRecord> Records, WholeBody Body)> ReadJsonAsync(string body)
        => ReadJsonAsync(new MemoryStream(Encoding.UTF8.GetBytes(body)));

    public static async Task<(IReadOnlyList<ReceivedRecord> Records, WholeBody Body)> ReadNdjsonAsync(Stream body)
    {
        var records = new List<ReceivedRecord>();
        var whole = await RecordBody.ReadNdjsonAsync(body, Mapping, Into(records), new IntakeOptions(), TimeProvider.System, TestContext.Current.CancellationToken);
        Assert.Equal(records.Count, whole.Records);
        return (records, whole);
    }

    public static async Task<(IReadOnlyList<ReceivedRecord> Records, WholeBody Body)> ReadJsonAsync(Stream body)
    {
        var records = new List<ReceivedRecord>();
        var whole = await RecordBody.ReadJsonAsync(body, Mapping, Into(records), new IntakeOptions(), TimeProvider.System, TestContext.Current.CancellationToken);
        Assert.Equal(records.Count, whole.Records);
        return (records, whole);
    }

    public static RecordSink Into(List<ReceivedRecord> records) => (batch, _) =>
    {
        records.AddRange(batch.Span);
        return ValueTask.CompletedTask;
    };

    public static string Record(int key) => $$$"""{"action":"insert","primaryKey":"{{{key}}}","fields":{"EMAIL":"p{{{key}}}@example.com","ID":"u{{{key}}}"}}""";

    /// <summary>A record of exactly so many bytes.</summary>
    public static string RecordOf(int bytes)
    {
        const string Start = "{\"action\":\"insert\",\"primaryKey\":\"1\",\"x\":\"", End = "\"}";
        return Start + new string('x', bytes - Start.Length - End.Length) + End;
    }

    public static byte[] Gzip(byte[] bytes, CompressionLevel level = CompressionLevel.Fastest)
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, level))
        {
            gzip.Write(bytes);
        }

        return compressed.ToArray();
    }
}

/// <summary>A stream that gives its bytes in pieces of the sizes asked for, over and over, and then ends, fails, or goes silent.</summary>
internal sealed class PiecewiseStream(byte[] bytes, int[] sizes, Exception? failure = null, bool silent = false) : BodyStreamBase
{
    private int _position;
    private int _piece;

    /// <summary>Set while a reader waits for bytes that don't come.</summary>
    public TaskCompletionSource Waiting { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_position == bytes.Length)
        {
            if (silent)
            {
                var never = Task.Delay(Timeout.Infinite, cancellationToken);
                Waiting.TrySetResult();
                await never;
            }

            return failure is null ? 0 : throw failure;
        }

        var count = Math.Min(Math.Min(buffer.Length, bytes.Length - _position), sizes[_piece++ % sizes.Length]);
        bytes.AsSpan(_position, count).CopyTo(buffer.Span);
        _position += count;
        return count;
    }
}
