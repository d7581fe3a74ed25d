using System.Buffers;
using System.IO.Hashing;
using Microsoft.AspNetCore.Http;

namespace IterableAudience.Syncs.Intake;

/// <summary>
/// The part of a body that was read and not used yet, always in one piece, so that a line or a token is one span. It hashes what it
/// reads, and turns what can go wrong while reading into a <see cref="BodyException"/>.
/// </summary>
internal sealed class BodyBuffer : IDisposable
{
    private const int InitialSize = 4 * 64 * 1024;

    /// <summary>Grows so far for a single token of JSON, and no further.</summary>
    private const int MaxSize = 1024 * 1024;

    private readonly Stream _body;
    private readonly TimeSpan _maxSilence;
    private readonly CancellationToken _cancelled;
    private readonly CancellationTokenSource _silence;
    private readonly CancellationTokenSource _stop;
    private readonly XxHash128 _hash = new();
    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(InitialSize);
    private int _start;
    private int _end;
    private bool _advanced = true;

    public BodyBuffer(Stream body, TimeSpan maxSilence, TimeProvider time, CancellationToken cancellationToken)
    {
        _body = body;
        _maxSilence = maxSilence;
        _cancelled = cancellationToken;
        _silence = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _silence.Token);
    }

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>What was read and not used yet. Valid until the next fill.</summary>
    public ReadOnlySpan<byte> Unread => _bytes.AsSpan(_start, _end - _start);

    private int Capacity => Math.Min(_bytes.Length, MaxSize); // a rented array may be longer

    /// <summary>Marks the first of the unread bytes as used.</summary>
    public void Advance(int count)
    {
        _start += count;
        _advanced |= count > 0;
    }

    /// <summary>Reads the beginning and passes over a byte order mark.</summary>
    public async ValueTask StartAsync()
    {
        while (Unread.Length < ByteOrderMark.Length && await ReadAsync() > 0)
        {
        }

        if (Unread.StartsWith(ByteOrderMark))
        {
            Advance(ByteOrderMark.Length);
        }
    }

    /// <summary>
    /// Reads on; false when the body is at its end. If nothing was used since the last time, it waits for half as much again: whoever
    /// looks at the same bytes anew then does so a few times, however small the pieces are in which they arrive.
    /// </summary>
    public async ValueTask<bool> FillAsync()
    {
        if (Unread.Length == MaxSize)
        {
            throw new BodyException(BodyFault.TooLarge, "A single value of the body is larger than 1 MB. Leave it out.");
        }

        var wanted = _advanced ? 1 : Math.Clamp(Unread.Length / 2, 1, MaxSize - Unread.Length);
        _advanced = false;
        MakeRoom(wanted);
        var filled = 0;
        for (int read; filled < wanted && (read = await ReadAsync()) > 0;)
        {
            filled += read;
        }

        return filled > 0;
    }

    /// <summary>
    /// Hash of all bytes so far. Not a cryptographic one: it tells a repeated body from another one of the same sender, who gains
    /// nothing by a collision, and costs a thirtieth.
    /// </summary>
    public string Hash() => Convert.ToHexStringLower(_hash.GetCurrentHash());

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_bytes, clearArray: true); // it holds personal data
        _bytes = [];
        _start = _end = 0;
        _stop.Dispose();
        _silence.Dispose();
    }

    private void MakeRoom(int wanted)
    {
        if (Capacity - _end >= Math.Max(wanted, InitialSize / 2))
        {
            return;
        }

        var bytes = _bytes;
        var unread = _end - _start;
        if (Capacity - unread < wanted)
        {
            bytes = ArrayPool<byte>.Shared.Rent(Math.Min(_bytes.Length * 2, MaxSize));
        }

        _bytes.AsSpan(_start, unread).CopyTo(bytes);
        if (bytes != _bytes)
        {
            ArrayPool<byte>.Shared.Return(_bytes, clearArray: true);
            _bytes = bytes;
        }

        (_start, _end) = (0, unread);
    }

    private async ValueTask<int> ReadAsync()
    {
        try
        {
            var reading = _body.ReadAsync(_bytes.AsMemory(_end..Capacity), _stop.Token);
            var read = reading.IsCompleted ? await reading : await WatchAsync(reading);
            _hash.Append(_bytes.AsSpan(_end, read));
            _end += read;
            return read;
        }
        catch (OperationCanceledException e) when (!_cancelled.IsCancellationRequested)
        {
            throw _silence.IsCancellationRequested
                ? new BodyException(BodyFault.Silent, $"Nothing of the body arrived for {_maxSilence.TotalSeconds:0} seconds. Nothing was taken; send it again.", e)
                : CutOff(e);
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            throw new BodyException(BodyFault.TooLarge, "The body is larger than the service takes. Send it in parts.", e);
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            throw CutOff(e);
        }
    }

    private async ValueTask<int> WatchAsync(ValueTask<int> reading)
    {
        _silence.CancelAfter(_maxSilence);
        try
        {
            return await reading;
        }
        finally
        {
            _silence.CancelAfter(Timeout.InfiniteTimeSpan);
        }
    }

    private static BodyException CutOff(Exception e)
        => new(BodyFault.CutOff, "The body was cut off, or its compressed data is damaged. Nothing was taken; send it again.", e);
}
