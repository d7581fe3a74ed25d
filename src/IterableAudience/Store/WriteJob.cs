using System.Data.Common;

namespace IterableAudience.Store;

/// <summary>One piece of work for the store's writer, and whoever waits for it.</summary>
internal abstract class WriteJob
{
    private const int Waiting = 0;
    private const int Begun = 1;
    private const int GivenUp = 2;
    private int _state;

    /// <summary>On the disk before its caller goes on.</summary>
    public required bool Durable { get; init; }

    /// <summary>False when its caller has given up waiting; then nothing of it is run.</summary>
    public bool TryBegin() => Interlocked.CompareExchange(ref _state, Begun, Waiting) == Waiting;

    /// <summary>False when it has begun: then it is finished.</summary>
    public bool TryGiveUp() => Interlocked.CompareExchange(ref _state, GivenUp, Waiting) == Waiting;

    public abstract void Run(DbConnection connection);

    /// <summary>What it wrote is committed.</summary>
    public abstract void Committed();

    /// <summary>Nothing of it is written.</summary>
    public abstract void Failed(Exception exception);
}

/// <inheritdoc/>
internal sealed class WriteJob<T>(Func<DbConnection, T> work) : WriteJob
{
    private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T? _result;

    public Task<T> Task => _done.Task;

    public override void Run(DbConnection connection) => _result = work(connection);

    public override void Committed() => _done.TrySetResult(_result!);

    public override void Failed(Exception exception) => _done.TrySetException(exception);

    public void Cancelled(CancellationToken token) => _done.TrySetCanceled(token);
}
