using System.Buffers;

namespace IterableAudience.Syncs.Plan;

/// <summary>
/// An array of the shared pool, for what a slice of a plan needs: some megabytes at most, hundreds of times. Left to the collector, several of them would lie about
/// unused at any time. One that is not given back is only lost to the pool.
/// </summary>
/// <param name="length">Elements.</param>
internal sealed class PooledArray<T>(int length) : IDisposable
    where T : unmanaged
{
    private T[]? _array = ArrayPool<T>.Shared.Rent(length);

    public int Length => length;

    public Span<T> Span => (_array ?? []).AsSpan(0, length);

    /// <summary>Gives it back; nobody may use it afterwards.</summary>
    public void Dispose()
    {
        if (_array is { } array)
        {
            _array = null;
            ArrayPool<T>.Shared.Return(array);
        }
    }
}
