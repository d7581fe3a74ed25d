namespace IterableAudience.Iterable;

/// <summary>
/// Those who wait for a start, in a queue for each sync (control calls have one of their own). The queues take turns, so that a small sync
/// waits for a turn of each of the others and not for all their requests. Used under the lock of its pacer.
/// </summary>
/// <param name="gaveUp">Whether somebody waits no longer.</param>
internal sealed class PaceTurns<T>(Func<T, bool> gaveUp)
{
    private readonly Dictionary<string, Queue<T>> queues = new(StringComparer.Ordinal);
    private readonly Queue<string> turns = new();

    /// <summary>Everybody who waits.</summary>
    public IEnumerable<T> All => queues.Values.SelectMany(q => q).Where(w => !gaveUp(w));

    public void Add(string queue, T waiter)
    {
        if (!queues.TryGetValue(queue, out var waiting))
        {
            queues[queue] = waiting = new();
            turns.Enqueue(queue);
        }

        waiting.Enqueue(waiter);
    }

    /// <summary>Who is next; those that gave up are dropped.</summary>
    public bool TryPeek(out T next)
    {
        while (turns.TryPeek(out var queue))
        {
            var waiting = queues[queue];
            while (waiting.TryPeek(out next!))
            {
                if (!gaveUp(next))
                {
                    return true;
                }

                waiting.Dequeue();
            }

            queues.Remove(turns.Dequeue());
        }

        next = default!;
        return false;
    }

    /// <summary>Takes the one that <see cref="TryPeek"/> named; its queue goes behind the others.</summary>
    public void Take()
    {
        var queue = turns.Dequeue();
        if (queues[queue] is { Count: > 1 } waiting)
        {
            waiting.Dequeue();
            turns.Enqueue(queue);
        }
        else
        {
            queues.Remove(queue);
        }
    }
}
