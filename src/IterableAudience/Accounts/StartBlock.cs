namespace IterableAudience.Accounts;

/// <summary>
/// Some starts that a node has reserved together: a stretch of time in which nobody else starts. Inside it the node paces by itself, each start one
/// distance after the one before, so that a start which came late only moves those behind it; what no longer fits before the end is lost. Times are
/// timestamps of the process. Used under a lock.
/// </summary>
/// <param name="first">Not before.</param>
/// <param name="latest">Not after.</param>
/// <param name="distance">Between two starts at least. Nobody's start was later than this before the first one.</param>
/// <param name="count">How many starts.</param>
/// <param name="previous">This node's last start.</param>
internal sealed class StartBlock(long first, long latest, long distance, int count, long? previous)
{
    private long before = Math.Max(first - distance, previous ?? long.MinValue);
    private long? due = first;
    private long lateness;
    private bool isDropped;
    private bool wasMissed;

    /// <summary>Starts that were not used, yet.</summary>
    public int Left { get; private set; } = count;

    /// <summary>Null when none has been used.</summary>
    public long? LastStart { get; private set; }

    /// <summary>The last moment that a start may have.</summary>
    public long Latest => latest;

    /// <summary>The earliest moment of the next start; null when none is left that fits.</summary>
    /// <param name="now">The moment.</param>
    /// <param name="apart">Of whoever is next: the distance that his own limit asks for.</param>
    public long? Next(long now, long apart)
    {
        if (isDropped || Left == 0)
        {
            return null;
        }

        var at = before + Math.Max(distance, apart);
        if (Math.Max(at, now) <= latest)
        {
            due = Math.Max(at, now);
            return at;
        }

        wasMissed |= due is not null ? now > latest : at > latest && at - lateness <= latest;
        return null;
    }

    public void Started(long at)
    {
        lateness += at - (due ?? at);
        due = null;
        (before, LastStart) = (at, at);
        Left = Math.Max(0, Left - 1);
    }

    /// <summary>Whether starts were lost because the node came late for them, and not because nobody wanted them; says so once.</summary>
    public bool TakeMissed()
    {
        var missed = wasMissed;
        wasMissed = false;
        return missed;
    }

    /// <summary>Nothing of it is used any more.</summary>
    public void Drop() => isDropped = true;
}
