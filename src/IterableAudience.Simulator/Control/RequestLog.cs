using System.Text;
using IterableAudience.Simulator.Api;

namespace IterableAudience.Simulator.Control;

/// <summary>One call as it was received. Times are the simulator's clock. API keys are never kept.</summary>
internal sealed class RequestLogEntry
{
    public required long Number { get; init; }

    public required CallKind Kind { get; init; }

    public required string Path { get; init; }

    public required DateTimeOffset At { get; init; }

    public DateTimeOffset? AnsweredAt { get; set; }

    public int? ProjectId { get; set; }

    public long? ListId { get; set; }

    /// <summary>The rows of a subscribe or unsubscribe.</summary>
    public int Count { get; set; }

    public int Bytes { get; set; }

    public bool? UpdateExistingUsersOnly { get; set; }

    public bool? ChannelUnsubscribe { get; set; }

    /// <summary>How many calls were under way, this one included.</summary>
    public int InFlight { get; init; }

    /// <summary>Null when no status was sent.</summary>
    public int? Status { get; set; }

    /// <summary>The client broke the connection off before it had the answer.</summary>
    public bool ClientGaveUp { get; set; }

    /// <summary>The fault that met the call.</summary>
    public string? Fault { get; set; }

    public string? Body { get; set; }
}

/// <summary>The last calls, and counters of all.</summary>
internal sealed class RequestLog(SimulatorOptions options)
{
    private readonly Lock _gate = new();
    private readonly Queue<RequestLogEntry> _entries = new();
    private RequestCounters _counters = new();
    private int _inFlight;

    public IReadOnlyList<RequestLogEntry> Entries
    {
        get
        {
            lock (_gate)
                return [.. _entries];
        }
    }

    public RequestCounters Counters
    {
        get
        {
            lock (_gate)
                return _counters.Copy();
        }
    }

    public void Clear()
    {
        lock (_gate)
        {
            _entries.Clear();
            _counters = new RequestCounters();
        }
    }

    public RequestLogEntry Begin(CallKind kind, string path, DateTimeOffset now)
    {
        lock (_gate)
        {
            _inFlight++;
            _counters.Total++;
            _counters.MaxInFlight = Math.Max(_counters.MaxInFlight, _inFlight);
            var entry = new RequestLogEntry { Number = _counters.Total, Kind = kind, Path = path, At = now, InFlight = _inFlight };
            if (options.LoggedRequests > 0)
            {
                if (_entries.Count >= options.LoggedRequests)
                    _entries.Dequeue();
                _entries.Enqueue(entry);
            }

            return entry;
        }
    }

    public void Describe(RequestLogEntry entry, ApiCall call)
    {
        entry.ProjectId = call.Project.Id;
        entry.ListId = call.ListId;
        entry.Bytes = call.Body.Length;
        if (call.Subscribers is { } subscribers)
        {
            entry.Count = subscribers.Rows.Count;
            entry.UpdateExistingUsersOnly = subscribers.UpdateExistingUsersOnly;
            entry.ChannelUnsubscribe = subscribers.ChannelUnsubscribe;
        }

        if (options.LogBodies)
            entry.Body = Encoding.UTF8.GetString(call.Body.Span);
    }

    public void End(RequestLogEntry entry, DateTimeOffset now)
    {
        lock (_gate)
        {
            _inFlight--;
            entry.AnsweredAt = now;
            _counters.Count(entry);
        }
    }
}
