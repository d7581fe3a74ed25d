using System.Data.Common;

namespace IterableAudience.Store;

/// <summary>
/// The store as one claimed sync sees it: its writes come one after the other, in their order. Those that may (<see cref="LeanStore.WriteTogetherAsync"/>) share
/// a transaction with their like that wait at the same time: one look at the claim, one commit.
/// </summary>
/// <remarks>A shared transaction that fails for the sake of one is done again one by one, so that a fault costs only its own write.</remarks>
internal sealed class PostgresClaimedStore(PostgresStore store, SyncClaim claim) : LeanStore
{
    private const int GroupSize = 16;

    private readonly Lock _gate = new();
    private readonly Queue<(WriteJob Job, bool Together)> _waiting = [];
    private bool _isWorking;

    /// <inheritdoc/>
    public override string? Trouble => store.Trouble;

    /// <inheritdoc/>
    public override bool MayForget => store.MayForget;

    /// <inheritdoc/>
    public override Task<T> WriteAsync<T>(Func<DbConnection, T> work, bool durable, CancellationToken cancel) => AddAsync(work, durable, together: false, cancel);

    /// <inheritdoc/>
    public override Task WriteTogetherAsync(Action<DbConnection> work, CancellationToken cancel)
        => AddAsync(
            connection =>
            {
                work(connection);
                return true;
            },
            durable: false,
            together: true,
            cancel);

    /// <inheritdoc/>
    public override DbConnection OpenRead() => store.OpenRead();

    /// <inheritdoc/>
    public override LeanStore For(SyncClaim other) => store.For(other);

    private async Task<T> AddAsync<T>(Func<DbConnection, T> work, bool durable, bool together, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        using var timing = StoreTelemetry.Come(durable);
        var job = new WriteJob<T>(timing.Timed(work)) { Durable = durable };
        using var registration = cancel.Register(() =>
        {
            if (job.TryGiveUp())
            {
                job.Cancelled(cancel);
            }
        });
        bool begin;
        lock (_gate)
        {
            _waiting.Enqueue((job, together));
            (begin, _isWorking) = (!_isWorking, true);
        }

        if (begin)
        {
            // Off the caller's thread: the work waits for the server's answers.
            _ = Task.Run(WorkAsync, CancellationToken.None);
        }

        return await job.Task;
    }

    private async Task WorkAsync()
    {
        List<WriteJob> group = [];
        while (TryNext(group))
        {
            await store.InTurnAsync(() => Run(group));
        }
    }

    /// <summary>The next write, with those behind it that may share its transaction.</summary>
    private bool TryNext(List<WriteJob> group)
    {
        group.Clear();
        lock (_gate)
        {
            while (_waiting.TryPeek(out var next) && (group.Count == 0 || (next.Together && group.Count < GroupSize)))
            {
                _waiting.Dequeue();
                if (next.Job.TryBegin())
                {
                    group.Add(next.Job);
                    if (!next.Together)
                    {
                        break;
                    }
                }
            }

            return _isWorking = group.Count > 0;
        }
    }

    private void Run(List<WriteJob> group)
    {
        var failure = TryWrite(group);
        if (failure is null)
        {
            return;
        }

        if (group.Count == 1 || !IsOfOne(failure))
        {
            group.ForEach(job => job.Failed(failure));
            return;
        }

        // One by one; when the store is in trouble meanwhile, the others need not find that out each for itself.
        Exception? trouble = null;
        foreach (var job in group)
        {
            if ((trouble ?? TryWrite([job])) is { } itsOwn)
            {
                job.Failed(itsOwn);
                trouble ??= IsOfOne(itsOwn) ? null : itsOwn;
            }
        }
    }

    /// <summary>Whether the fault is that of one write, and not of the store or of the claim.</summary>
    private static bool IsOfOne(Exception failure) => failure is not ClaimLostException && (failure is not DbException trouble || trouble.IsOfTheStatement());

    private Exception? TryWrite(List<WriteJob> group)
    {
        try
        {
            store.Write(claim, connection => group.ForEach(job => job.Run(connection)), group[0].Durable);
        }
#pragma warning disable CA1031 // whoever waits for the write is told
        catch (Exception e)
#pragma warning restore CA1031
        {
            return e;
        }

        group.ForEach(job => job.Committed());
        return null;
    }
}
