namespace IterableAudience.Connections;

/// <summary>Says that a connection was made, changed or deleted, to whoever runs schedules. The store has the truth: who misses a signal looks there.</summary>
internal sealed class ConnectionSignal
{
    /// <summary>Is given the connection's id; must return at once.</summary>
    public Action<string>? Changed { get; set; }

    public void Tell(string connectionId) => Changed?.Invoke(connectionId);
}
