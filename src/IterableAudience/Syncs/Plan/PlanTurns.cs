using System.Collections.Concurrent;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using IterableAudience.Store;

namespace IterableAudience.Syncs.Plan;

/// <summary>
/// Planning, shared out among the syncs of this node: whoever works on a slice, with a connection to the store and the buffers for it, has a turn, and gives it
/// back with the slice. So connections and memory are bounded by the number of turns, however many syncs are planned, and none of them waits
/// for more than a slice of each of the others.
/// </summary>
/// <remarks>Nobody writes within a turn: a write waits for the writer, or for another node, and meanwhile others can work.</remarks>
[SuppressMessage("Design", "CA1001", Justification = "A semaphore that nobody waits for by handle holds nothing.")]
internal sealed class PlanTurns(KeyedHash hash)
{
    /// <summary>Slices at the same time. Beside as many connections PostgreSQL's pool of 30 has room for all writers (16) and for requests.</summary>
    public const int AtOnce = 8;

    /// <summary>Slices of one sync at the same time, when there are turns to spare. More would only wait for each other's store.</summary>
    private static readonly int MaxLanes = Math.Clamp(Environment.ProcessorCount, 1, 4);

    /// <summary>Slices that are sorted before it is their turn: most of the second step is sorting.</summary>
    private const int MaxAhead = 3;

    /// <summary>There are always as many slices, so those of ten million records are ten times as large as those of one. Fewer of them at a time, and memory stays flat.</summary>
    private const int RecordsAtOnce = 48 * 1024;

    /// <summary>Bytes that a sync may keep in memory for each of its <see cref="Spill"/>s: of few syncs, and of many.</summary>
    private const int AmpleSpill = 8 * 1024 * 1024, ScantSpill = AmpleSpill / 8;

    private readonly SemaphoreSlim _turns = new(AtOnce);
    private readonly ConcurrentBag<KeyStep> _idle = [];
    private int _plans;

    /// <summary>One sync more; dispose of it when the sync is planned.</summary>
    public Plan Begin()
    {
        var plans = Interlocked.Increment(ref _plans);
        return new Plan(this, Math.Clamp(AtOnce / plans, 1, MaxLanes), plans * 2 <= AtOnce ? AmpleSpill : ScantSpill);
    }

    /// <summary>Runs <paramref name="work"/> when there is a turn, on a connection for reading; in the order of coming.</summary>
    public async Task<T> TakeAsync<T>(LeanStore store, Func<DbConnection, T> work, CancellationToken cancel)
    {
        await _turns.WaitAsync(cancel);
        try
        {
            return await Task.Run(() => store.Read(work), CancellationToken.None);
        }
        finally
        {
            _turns.Release();
        }
    }

    /// <summary>The same with the buffers of the first step.</summary>
    public Task<T> TakeAsync<T>(LeanStore store, Func<DbConnection, KeyStep, T> work, CancellationToken cancel)
        => TakeAsync(
            store,
            connection =>
            {
                var step = _idle.TryTake(out var idle) ? idle : new KeyStep(hash);
                var result = work(connection, step);
                _idle.Add(step); // not after a fault: then it is nobody's
                return result;
            },
            cancel);

    /// <summary>A sync's part.</summary>
    /// <param name="turns">Where it belongs to.</param>
    /// <param name="lanes">Slices that it may ask for at the same time, if they are small.</param>
    /// <param name="spill">What each of its spills may keep in memory.</param>
    internal sealed class Plan(PlanTurns turns, int lanes, int spill) : IDisposable
    {
        /// <summary>Slices of so many records that may be decided at the same time.</summary>
        public int Lanes(long records) => (int)Math.Clamp(RecordsAtOnce / Math.Max(1, records), 1, lanes);

        /// <summary>Slices of so many records that may be sorted before they are needed; one at least, beside the one that is looked at.</summary>
        public static int Ahead(long records) => (int)Math.Clamp(RecordsAtOnce / Math.Max(1, records), 2, MaxAhead);

        public int Spill => spill;

        /// <summary>The last one gives the buffers back.</summary>
        public void Dispose()
        {
            if (Interlocked.Decrement(ref turns._plans) == 0)
            {
                turns._idle.Clear();
            }
        }
    }
}
