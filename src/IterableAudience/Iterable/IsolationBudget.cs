namespace IterableAudience.Iterable;

/// <summary>
/// How many extra requests a sync may spend on finding out which rows of a refused or miscounted batch are the bad ones.
/// Shared by all batches of a sync, so that a project which refuses everything can't eat the rate budget of its neighbours.
/// </summary>
internal sealed class IsolationBudget(int requests)
{
    private int used;

    /// <summary>How many were taken.</summary>
    public int Used => Volatile.Read(ref used);

    /// <summary>The budget of a sync with so many planned requests.</summary>
    public static IsolationBudget ForSync(int plannedRequests) => new((int)Math.Min(int.MaxValue, Math.Max(64, 2L * plannedRequests)));

    /// <summary>Takes one request out of the budget; false, and nothing taken, when it is used up.</summary>
    public bool TryTake()
    {
        while (true)
        {
            var now = Volatile.Read(ref used);
            if (now >= requests)
            {
                return false;
            }

            if (Interlocked.CompareExchange(ref used, now + 1, now) == now)
            {
                return true;
            }
        }
    }
}
