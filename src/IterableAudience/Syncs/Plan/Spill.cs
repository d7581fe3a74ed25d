using IterableAudience.Hosting;
using IterableAudience.Store;
using Microsoft.Win32.SafeHandles;

namespace IterableAudience.Syncs.Plan;

/// <summary>
/// Bytes dealt out to partitions, read back partition by partition. Few stay in memory; the others go to a file without a name, so that a killed
/// process leaves nothing of them behind.
/// </summary>
/// <param name="partitions">1, or some dozens to hundreds that get about as much each.</param>
/// <param name="inMemory">Bytes that may stay in memory.</param>
internal sealed class Spill(int partitions, int inMemory) : IDisposable
{
    /// <summary>A partition's share of the memory: what is evenly dealt out needs no larger buffers, and these are used again and again.</summary>
    private readonly int _share = inMemory / 256;

    private readonly BlobWriter?[] _open = new BlobWriter?[partitions];
    private readonly List<(long Offset, int Length)>[] _written = new List<(long, int)>[partitions];
    private FileStream? _file;
    private SafeFileHandle? _handle;
    private long _end;
    private long _inMemory;

    /// <summary>Appends bytes to a partition.</summary>
    public void Append(int partition, ReadOnlySpan<byte> bytes)
    {
        if (partitions > 1 && bytes.Length > 2 * _share)
        {
            Flush(partition);
            Write(partition, bytes); // a buffer of that size would be thrown away with each of them
            return;
        }

        (_open[partition] ??= new BlobWriter(partitions == 1 ? 4096 : _share)).Bytes(bytes);
        _inMemory += bytes.Length;
        if (_inMemory > inMemory)
        {
            Flush();
        }
    }

    /// <summary>All that was appended to a partition, in order, in a buffer that the caller gives back.</summary>
    public PooledArray<byte> Read(int partition)
    {
        var written = _written[partition] ?? [];
        var tail = _open[partition] is { } open ? open.Written : [];
        var buffer = new PooledArray<byte>(written.Sum(w => w.Length) + tail.Length);
        var bytes = buffer.Span;
        var at = 0;
        foreach (var (start, length) in written)
        {
            var offset = start;
            for (var (read, end) = (0, at + length); at < end; at += read)
            {
                read = RandomAccess.Read(_handle!, bytes[at..end], offset);
                offset += read > 0 ? read : throw new EndOfStreamException("A temporary file ends too early.");
            }
        }

        tail.CopyTo(bytes[at..]);
        return buffer;
    }

    public void Dispose() => _file?.Dispose();

    private void Flush()
    {
        for (var i = 0; i < partitions; i++)
        {
            Flush(i);
        }
    }

    private void Flush(int partition)
    {
        if (_open[partition] is not { Length: > 0 } writer)
        {
            return;
        }

        Write(partition, writer.Written);
        _inMemory -= writer.Length;
        writer.Clear();
        if (writer.Capacity > 2 * _share)
        {
            _open[partition] = null; // a partition filled on its own may have grown to the whole allowance; hundreds of those must not stay
        }
    }

    private void Write(int partition, ReadOnlySpan<byte> bytes)
    {
        _file ??= NamelessFile.Open();
        _handle ??= _file.SafeFileHandle;
        (_written[partition] ??= []).Add((_end, bytes.Length));
        RandomAccess.Write(_handle, bytes, _end);
        _end += bytes.Length;
    }
}
