using System.IO.Compression;

namespace IterableAudience.Syncs.Intake;

/// <summary>A gzip body, decompressed, that throws <see cref="InvalidDataException"/> when it is not whole.</summary>
/// <remarks>
/// NOTE: <see cref="GZipStream"/> alone would do the wrong thing: compressed data that breaks off just ends, without an error, and the
/// half of an audience would look like a whole one. (There is a runtime switch against that, but it counts for the whole process and
/// only if it is set before anybody decompresses anything.) So a member of our own is appended to the compressed data: a body that is
/// whole is followed by our mark, and one that breaks off, or that something else than gzip follows, is not.
/// </remarks>
internal sealed class GzipBody(Stream compressed) : BodyStreamBase
{
    private const int BufferSize = 64 * 1024;

    private static readonly byte[] Mark = "the body is whole"u8.ToArray();
    private static readonly byte[] MarkMember = Compress(Mark);

    private readonly GZipStream _inflated = new(new Followed(compressed, MarkMember), CompressionMode.Decompress);
    private readonly byte[] _buffer = new byte[BufferSize];
    private int _start;
    private int _end;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        // The last bytes are held back: they may be the mark.
        while (_end - _start <= Mark.Length)
        {
            _buffer.AsSpan(_start.._end).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
            var read = await _inflated.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
            if (read == 0)
            {
                return _buffer.AsSpan(.._end).SequenceEqual(Mark) ? 0 : throw new InvalidDataException("The gzip data is not whole.");
            }

            _end += read;
        }

        var count = Math.Min(buffer.Length, _end - _start - Mark.Length);
        _buffer.AsMemory(_start, count).CopyTo(buffer);
        _start += count;
        return count;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _inflated.Dispose();
        }

        base.Dispose(disposing);
    }

    private static byte[] Compress(byte[] text)
    {
        using var member = new MemoryStream();
        using (var gzip = new GZipStream(member, CompressionLevel.Optimal, leaveOpen: true))
        {
            gzip.Write(text);
        }

        return member.ToArray();
    }

    /// <summary>A stream, and then some bytes more, unless it was empty.</summary>
    private sealed class Followed(Stream first, byte[] then) : BodyStreamBase
    {
        private bool _any;
        private int _sent = -1;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_sent < 0)
            {
                var read = await first.ReadAsync(buffer, cancellationToken);
                _any |= read > 0;
                if (read > 0 || !_any)
                {
                    return read;
                }

                _sent = 0;
            }

            var count = Math.Min(buffer.Length, then.Length - _sent);
            then.AsMemory(_sent, count).CopyTo(buffer);
            _sent += count;
            return count;
        }
    }
}
