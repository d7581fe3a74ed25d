using System.Data.Common;

namespace IterableAudience.Store;

/// <summary>
/// The way to the lean tables, on either store. Writes are short transactions; readers take connections of their own and see the last
/// committed state.
/// </summary>
internal abstract class LeanStore
{
    /// <summary>Why the last write failed, in words for an operator, if that was the store's doing; null since a write has worked.</summary>
    public abstract string? Trouble { get; }

    /// <summary>
    /// Whether the store may forget a write that is not durable while this process lives on: a server can crash and come back. What nobody would notice to be
    /// missing has to be durable there.
    /// </summary>
    public abstract bool MayForget { get; }

    /// <summary>Runs <paramref name="work"/> in a transaction that is committed when it returns and rolled back when it throws.</summary>
    /// <param name="work">The writes; short (50,000 rows at most), so that nobody waits long for the writer. Errors of the store go through: after one PostgreSQL commits nothing, and this fails.</param>
    /// <param name="durable">True: on the disk before this returns. False: a power cut may lose it; it is only done again then.</param>
    /// <param name="cancel">Stops waiting for the writer; work that has begun is finished.</param>
    public abstract Task<T> WriteAsync<T>(Func<DbConnection, T> work, bool durable, CancellationToken cancel);

    public Task WriteAsync(Action<DbConnection> work, bool durable, CancellationToken cancel)
        => WriteAsync(
            c =>
            {
                work(c);
                return true;
            },
            durable,
            cancel);

    /// <summary>
    /// A short write that is not durable and may share a transaction with its like. <paramref name="work"/> can be run again after it was rolled back: it must leave
    /// nothing behind but what it writes. What it writes by COPY or <see cref="Sql.Later"/> fails after it has returned, and then this throws.
    /// </summary>
    public virtual Task WriteTogetherAsync(Action<DbConnection> work, CancellationToken cancel) => WriteAsync(work, durable: false, cancel);

    /// <summary>Runs a read on a connection of its own.</summary>
    public T Read<T>(Func<DbConnection, T> work)
    {
        using var connection = OpenRead();
        return work(connection);
    }

    /// <summary>A connection for reads that go on for a while; the caller disposes of it.</summary>
    public abstract DbConnection OpenRead();

    /// <summary>The same store, for the work of one claimed sync: its writes come one after the other, and only while the claim is the sync's last one.</summary>
    public abstract LeanStore For(SyncClaim claim);
}

/// <summary>A node's right to work on a sync. Whoever takes the sync over gives it the next epoch, and what still comes under the old one is refused.</summary>
/// <param name="Sync">Number of the sync.</param>
/// <param name="Epoch">Counts the claims of this sync.</param>
internal readonly record struct SyncClaim(long Sync, long Epoch);

/// <summary>Another node has taken the sync over: this one stops working on it, and writes and sends nothing more.</summary>
internal sealed class ClaimLostException(long sync) : Exception("Another node has taken the sync over.")
{
    /// <summary>Number of the sync.</summary>
    public long Sync { get; } = sync;
}
