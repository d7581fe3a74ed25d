using System.Buffers;
using System.Buffers.Binary;
using System.Data.Common;
using Npgsql;

namespace IterableAudience.Store;

/// <summary>
/// Rows on their way into one table, in the form in which the server takes them (https://www.postgresql.org/docs/current/sql-copy.html, binary format). Many go out as
/// they come, and the server puts them away meanwhile.
/// </summary>
internal sealed class PostgresCopyRows(NpgsqlConnection connection, CopyInto into, Action<PostgresCopyRows> comes) : IDisposable
{
    /// <summary>Bytes; with more than this a COPY is begun.</summary>
    private const int Full = 128 * 1024;

    /// <summary>The signature, no flags, no extension.</summary>
    private static ReadOnlySpan<byte> Header => [(byte)'P', (byte)'G', (byte)'C', (byte)'O', (byte)'P', (byte)'Y', 0x0A, 0xFF, 0x0D, 0x0A, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    private byte[] _buffer = [];
    private int _length;
    private NpgsqlRawCopyStream? _stream;

    /// <summary>Whether rows have come that the server has not all taken.</summary>
    public bool IsOpen => _length > 0 || _stream is not null;

    /// <summary>Makes room for a row, whose columns follow in order.</summary>
    public void Begin()
    {
        if (_length >= Full)
        {
            Send();
        }

        if (_length == 0 && _stream is null)
        {
            Header.CopyTo(Take(Header.Length));
        }

        BinaryPrimitives.WriteInt16BigEndian(Take(2), (short)into.Columns);
    }

    public void Number(long value, int size)
    {
        var room = Take(4 + size);
        BinaryPrimitives.WriteInt32BigEndian(room, size);
        switch (size)
        {
            case 8: BinaryPrimitives.WriteInt64BigEndian(room[4..], value); break;
            case 4: BinaryPrimitives.WriteInt32BigEndian(room[4..], checked((int)value)); break;
            default: BinaryPrimitives.WriteInt16BigEndian(room[4..], checked((short)value)); break;
        }
    }

    public void Bytes(ReadOnlySpan<byte> value)
    {
        var room = Take(4 + value.Length);
        BinaryPrimitives.WriteInt32BigEndian(room, value.Length);
        value.CopyTo(room[4..]);
    }

    public void Null() => BinaryPrimitives.WriteInt32BigEndian(Take(4), -1);

    /// <summary>Sends what is there and waits until the server has taken it.</summary>
    public void Flush()
    {
        if (!IsOpen)
        {
            return;
        }

        BinaryPrimitives.WriteInt16BigEndian(Take(2), -1);
        Send();
        var stream = _stream!;
        _stream = null;
        stream.Dispose();
    }

    /// <summary>What was not flushed is not written.</summary>
    public void Dispose()
    {
        if (_stream is { } stream)
        {
            _stream = null;
            try
            {
                stream.Cancel();
            }
            catch (Exception e) when (e is DbException or IOException or ObjectDisposedException or InvalidOperationException)
            {
                // The connection is broken, or the server has given up the COPY already: the transaction is rolled back either way, and why is known.
            }
        }

        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
        }

        _length = 0;
    }

    private void Send()
    {
        if (_stream is null)
        {
            comes(this);
            _stream = connection.BeginRawBinaryCopy(into.Sql);
        }

        _stream.Write(_buffer, 0, _length);
        _length = 0;
    }

    private Span<byte> Take(int count)
    {
        if (_buffer.Length - _length < count)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(Math.Max(64 * 1024, _buffer.Length * 2), _length + count));
            _buffer.AsSpan(0, _length).CopyTo(larger);
            if (_buffer.Length > 0)
            {
                ArrayPool<byte>.Shared.Return(_buffer);
            }

            _buffer = larger;
        }

        var room = _buffer.AsSpan(_length, count);
        _length += count;
        return room;
    }
}
