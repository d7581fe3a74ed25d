using IterableAudience.Simulator.Projects;

namespace IterableAudience.Simulator.Faults;

/// <summary>Chance with a seed: the same calls in the same order get the same faults and delays.</summary>
internal sealed class RandomDraw(int seed)
{
    private readonly Lock _gate = new();
#pragma warning disable CA5394 // The seed is the point; nothing here is a secret.
    private readonly Random _random = new(seed);

    public FaultRule? Fault(Behaviour behaviour)
    {
        if (behaviour.RandomFaults.Count == 0)
            return null;
        double drawn;
        lock (_gate)
            drawn = _random.NextDouble();
        foreach (var (kind, probability) in behaviour.RandomFaults.OrderBy(fault => fault.Key))
        {
            if (drawn < probability)
                return new FaultRule { Fault = kind };
            drawn -= probability;
        }

        return null;
    }

    public TimeSpan Delay(Behaviour behaviour)
    {
        if (behaviour.JitterMs == 0)
            return TimeSpan.FromMilliseconds(behaviour.DelayMs);
        lock (_gate)
            return TimeSpan.FromMilliseconds(behaviour.DelayMs + (_random.NextDouble() * behaviour.JitterMs));
    }
#pragma warning restore CA5394
}
