using System.Buffers;
using IterableAudience.Records;

namespace IterableAudience.Syncs.Intake;

/// <summary>
/// Takes the next records of a body, in order. The next but one are read only after it is done: that is the back-pressure.
/// The memory is used again afterwards; keep the records, not the memory.
/// </summary>
internal delegate ValueTask RecordSink(ReadOnlyMemory<ReceivedRecord> records, CancellationToken cancellationToken);

/// <summary>Gathers records until it is worth calling the sink. While the sink takes some, the next are gathered.</summary>
/// <remarks>Dispose of it whatever happens: afterwards the sink is not at work any more.</remarks>
internal sealed class RecordBatch(RecordSink sink) : IAsyncDisposable
{
    private const int Size = 1024;

    private ReceivedRecord[] _records = ArrayPool<ReceivedRecord>.Shared.Rent(Size);
    private ReceivedRecord[] _taken = ArrayPool<ReceivedRecord>.Shared.Rent(Size);
    private Task _taking = Task.CompletedTask;
    private int _count;

    public bool IsFull => _count == Size;

    /// <summary>How many records there have been in all.</summary>
    public long Total { get; private set; }

    public void Add(in ReceivedRecord record)
    {
        _records[_count++] = record;
        Total++;
    }

    /// <summary>Hands on what is gathered, as soon as the sink is done with what it got before. Throws what the sink threw then.</summary>
    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        await _taking;
        if (_count > 0)
        {
            var (records, count) = (_records, _count);
            (_records, _taken, _count) = (_taken, _records, 0);
            _taking = Task.Run(() => sink(records.AsMemory(0, count), cancellationToken).AsTask(), CancellationToken.None);
        }
    }

    /// <summary>Hands on what is left, and waits until the sink is done with it.</summary>
    public async ValueTask FinishAsync(CancellationToken cancellationToken)
    {
        await FlushAsync(cancellationToken);
        await _taking;
    }

    public async ValueTask DisposeAsync()
    {
        await _taking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        ArrayPool<ReceivedRecord>.Shared.Return(_records, clearArray: true);
        ArrayPool<ReceivedRecord>.Shared.Return(_taken, clearArray: true);
    }
}
