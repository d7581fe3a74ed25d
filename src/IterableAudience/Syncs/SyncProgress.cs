using System.Collections.Concurrent;
using IterableAudience.Records;
using IterableAudience.Syncs.Report;
using IterableAudience.Syncs.Send;

namespace IterableAudience.Syncs;

/// <summary>What is known of a sync while it runs; the report is counted from the store once it is closed.</summary>
internal sealed class SyncProgress(long no, TimeProvider time)
{
    private readonly long[] _outcomes = new long[16];
    private long _sentSubscribes;
    private long _sentUnsubscribes;
    private long _requestsSubscribe;
    private long _requestsUnsubscribe;
    private long _requestsRetried;
    private long _requestsThrottled;
    private int _batchesOut;

    public long No => no;

    /// <summary>Completed when the sync is closed.</summary>
    public TaskCompletionSource Closed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public SyncPhase Phase { get; set; }

    /// <summary>Null until the sync has been read.</summary>
    public DateTimeOffset? StartedAt { get; set; }

    public long Staged { get; set; }

    public double PlanShare { get; set; }

    public long Planned { get; set; }

    public long Sent => Interlocked.Read(ref _sentSubscribes) + Interlocked.Read(ref _sentUnsubscribes);

    public SyncCounts Counts { get; set; } = new();

    /// <summary>Where it sends to; null until it is known.</summary>
    public SyncPace? Pace { get; set; }

    /// <summary>What it waits for.</summary>
    public WaitGauge Waits { get; } = new(time);

    /// <summary>
    /// Batches of which this process may have sent a request. The store knows them, too, but a server that crashes may forget that, and go on.
    /// </summary>
    public ConcurrentDictionary<(Stage Stage, int Number), bool> Started { get; } = [];

    /// <summary>
    /// A request of it may be on the wire, or was given up before its time, so that Iterable may still have it: nobody else may start one for it yet.
    /// </summary>
    public bool MayBeOnTheWire => Volatile.Read(ref _batchesOut) > 0;

    /// <summary>It pauses because the store can't be used.</summary>
    public bool StoreInTrouble { get; set; }

    /// <summary>Set when the operator or a shutdown asks the sync to stop.</summary>
    public CancellationTokenSource Stop { get; } = new();

    /// <summary>Set when another node has taken the sync over: nothing more is sent or written here.</summary>
    public CancellationTokenSource Lost { get; } = new();

    public RequestCounts Requests => new(
        Interlocked.Read(ref _requestsSubscribe), Interlocked.Read(ref _requestsUnsubscribe),
        Interlocked.Read(ref _requestsRetried), Interlocked.Read(ref _requestsThrottled));

    /// <summary>The sync as an estimate needs to know it: by its plan, or before there is one by what is staged.</summary>
    public Estimate.Part Part
    {
        get
        {
            var isPlanned = Phase == SyncPhase.Sending || Planned > 0;
            var (subscribes, unsubscribes) = Pace is not { SendsNothing: false } || Phase is SyncPhase.Closing or SyncPhase.Closed ? (0, 0)
                : isPlanned ? (Counts.PlannedSubscribes - Interlocked.Read(ref _sentSubscribes), Counts.PlannedUnsubscribes - Interlocked.Read(ref _sentUnsubscribes))
                : (Counts.Insert + Counts.Update, Counts.Delete);
            return new(no, Pace?.ListNo ?? 0, Phase is SyncPhase.Planning or SyncPhase.Sending or SyncPhase.Closing, Estimate.OpenRequests(subscribes, unsubscribes));
        }
    }

    /// <summary>What other nodes are told for their estimates; null until it is known where it sends to.</summary>
    public StoredPart? Open => Pace is { } pace && Part is var part ? new(pace.Project, part.HasList, part.Requests) : null;

    /// <summary>What was answered before this process took the sync up.</summary>
    public void SentBefore(long subscribes, long unsubscribes)
    {
        Interlocked.Exchange(ref _sentSubscribes, subscribes);
        Interlocked.Exchange(ref _sentUnsubscribes, unsubscribes);
    }

    /// <summary>Counts the operations of a batch that were sent, all of one kind.</summary>
    public void Settled(Iterable.OperationKind kind, ReadOnlySpan<Iterable.OperationResult> results)
    {
        Span<int> counts = stackalloc int[_outcomes.Length];
        foreach (ref readonly var result in results)
        {
            counts[(int)result.Outcome]++;
        }

        for (var outcome = 0; outcome < counts.Length; outcome++)
        {
            if (counts[outcome] > 0)
            {
                Interlocked.Add(ref _outcomes[outcome], counts[outcome]);
                SyncTelemetry.Operations(kind, (Outcome)outcome, counts[outcome]);
            }
        }

        Interlocked.Add(ref kind == Iterable.OperationKind.Subscribe ? ref _sentSubscribes : ref _sentUnsubscribes, results.Length);
    }

    /// <summary>From here on requests of a batch may go out.</summary>
    public void BeginBatch() => Interlocked.Increment(ref _batchesOut);

    /// <summary>Every request of the batch was answered, has failed or has timed out.</summary>
    public void EndBatch() => Interlocked.Decrement(ref _batchesOut);

    public void Requested(in Iterable.RequestLogEntry entry)
    {
        Interlocked.Increment(ref entry.Kind == Iterable.OperationKind.Subscribe ? ref _requestsSubscribe : ref _requestsUnsubscribe);
        if (entry.Throttled)
        {
            Interlocked.Increment(ref _requestsThrottled);
        }
        else if (entry.Attempt > 1 || entry.Isolation)
        {
            Interlocked.Increment(ref _requestsRetried);
        }
    }

    public long SoFar(Outcome outcome) => Interlocked.Read(ref _outcomes[(int)outcome]);
}

/// <summary>Requests to Iterable, each counted once by kind; of them, how many were repeats and how many were throttled.</summary>
public sealed record RequestCounts(long Subscribe, long Unsubscribe, long Retried, long Throttled);

/// <summary>Where a sync sends to, and how fast it may.</summary>
/// <param name="Project">Its project, by the hash of its key.</param>
/// <param name="Pacer">Of its project.</param>
/// <param name="Limits">Of its account.</param>
/// <param name="ListNo">Its list.</param>
/// <param name="SendsNothing">A dry run.</param>
internal sealed record SyncPace(string Project, Iterable.ProjectPacer Pacer, Iterable.PaceLimits Limits, long ListNo, bool SendsNothing);
