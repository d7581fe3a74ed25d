using System.Buffers;
using IterableAudience.Records;

namespace IterableAudience.Syncs.Intake;

/// <summary>
/// Takes the next records of a body, in order. The next ones are read only after it is done: that is the back-pressure.
/// The memory is used again afterwards; keep the records, not the memory.
/// </summary>
internal delegate ValueTask RecordSink(ReadOnlyMemory<ReceivedRecord> records, CancellationToken cancellationToken);

/// <summary>Gathers records until it is worth calling the sink.</summary>
internal sealed class RecordBatch(RecordSink sink) : IDisposable
{
    private const int Size = 1024;

    private readonly ReceivedRecord[] _records = ArrayPool<ReceivedRecord>.Shared.Rent(Size);
    private int _count;

    public bool IsFull => _count == Size;

    /// <summary>How many records there have been in all.</summary>
    public long Total { get; private set; }

    public void Add(in ReceivedRecord record)
    {
        _records[_count++] = record;
        Total++;
    }

    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        if (_count > 0)
        {
            await sink(_records.AsMemory(0, _count), cancellationToken);
            _count = 0;
        }
    }

    public void Dispose() => ArrayPool<ReceivedRecord>.Shared.Return(_records, clearArray: true);
}
