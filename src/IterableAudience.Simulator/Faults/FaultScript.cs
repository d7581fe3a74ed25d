using IterableAudience.Simulator.Api;

namespace IterableAudience.Simulator.Faults;

/// <summary>The queue of faults. A call gets the first that matches it and is due.</summary>
internal sealed class FaultScript
{
    private readonly Lock _gate = new();
    private readonly List<Queued> _queue = [];

    public IReadOnlyList<FaultRule> Waiting
    {
        get
        {
            lock (_gate)
                return [.. _queue.Select(queued => queued.Rule with { Skip = queued.Skip, Times = queued.Times })];
        }
    }

    public void Add(params IEnumerable<FaultRule> rules)
    {
        lock (_gate)
            _queue.AddRange(rules.Select(rule => new Queued(rule)));
    }

    public void Clear()
    {
        lock (_gate)
            _queue.Clear();
    }

    public FaultRule? Take(ApiCall call)
    {
        lock (_gate)
        {
            foreach (var queued in _queue)
            {
                if (!queued.Rule.On.Matches(call))
                    continue;
                if (queued.Skip > 0)
                {
                    queued.Skip--;
                    continue;
                }

                if (queued.Times > 0 && --queued.Times == 0)
                    _queue.Remove(queued);
                return queued.Rule;
            }

            return null;
        }
    }

    private sealed class Queued(FaultRule rule)
    {
        public FaultRule Rule { get; } = rule;

        public int Skip { get; set; } = rule.Skip;

        /// <summary>0 from the start means for ever.</summary>
        public int Times { get; set; } = rule.Times;
    }
}
