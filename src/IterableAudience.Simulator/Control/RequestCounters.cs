using IterableAudience.Simulator.Api;

namespace IterableAudience.Simulator.Control;

/// <summary>Sums over all calls since the start or the last reset.</summary>
internal sealed class RequestCounters
{
    public long Total { get; set; }

    public int MaxInFlight { get; set; }

    /// <summary>Calls that a fault met.</summary>
    public long Faults { get; set; }

    public SortedDictionary<CallKind, long> Requests { get; init; } = [];

    /// <summary>Rows of subscribes and unsubscribes, whatever became of them.</summary>
    public SortedDictionary<CallKind, long> Rows { get; init; } = [];

    /// <summary>Answers by status; 0 stands for none.</summary>
    public SortedDictionary<int, long> Statuses { get; init; } = [];

    public void Count(RequestLogEntry entry)
    {
        Add(Requests, entry.Kind, 1);
        if (entry.Count > 0)
            Add(Rows, entry.Kind, entry.Count);
        Add(Statuses, entry.Status ?? 0, 1);
        if (entry.Fault is not null)
            Faults++;
    }

    public RequestCounters Copy() => new()
    {
        Total = Total,
        MaxInFlight = MaxInFlight,
        Faults = Faults,
        Requests = new(Requests),
        Rows = new(Rows),
        Statuses = new(Statuses),
    };

    private static void Add<TKey>(SortedDictionary<TKey, long> sums, TKey key, long more)
        where TKey : notnull => sums[key] = sums.GetValueOrDefault(key) + more;
}
