namespace IterableAudience.Syncs;

/// <summary>What a sync can wait for.</summary>
internal enum Wait : byte
{
    /// <summary>The project's budget, a pause after a 429, or an answer.</summary>
    Iterable,

    /// <summary>Reading and writing the store.</summary>
    Store,

    /// <summary>The body that is coming in.</summary>
    Source,
}

/// <summary>
/// What a sync waits for most, lately: for each cause the number of its waits, averaged over the last seconds. A batch is one wait, so of four
/// batches at Iterable and one at the store, Iterable is what limits.
/// </summary>
/// <remarks>Safe to use from many threads.</remarks>
internal sealed class WaitGauge(TimeProvider time)
{
    /// <summary>Seconds after which a wait counts for a third.</summary>
    private const double Memory = 5;

    private readonly Lock _gate = new();
    private readonly double[] _averages = new double[3];
    private readonly int[] _now = new int[3];
    private long _settled = time.GetTimestamp();

    /// <summary>What is waited for most; null when nothing is, nor was lately.</summary>
    public Wait? Most
    {
        get
        {
            lock (_gate)
            {
                Settle();
                var most = 0;
                for (var cause = 1; cause < _now.Length; cause++)
                {
                    most = (_averages[cause], _now[cause]).CompareTo((_averages[most], _now[most])) > 0 ? cause : most;
                }

                return _averages[most] > 0 || _now[most] > 0 ? (Wait)most : null;
            }
        }
    }

    /// <summary>A wait begins.</summary>
    public void Begin(Wait cause) => Change(cause, 1);

    /// <summary>A wait that has begun is over.</summary>
    public void End(Wait cause) => Change(cause, -1);

    private void Change(Wait cause, int by)
    {
        lock (_gate)
        {
            Settle();
            _now[(int)cause] += by;
        }
    }

    private void Settle()
    {
        var now = time.GetTimestamp();
        var kept = Math.Exp(-time.GetElapsedTime(_settled, now).TotalSeconds / Memory);
        for (var cause = 0; cause < _now.Length; cause++)
        {
            _averages[cause] = (_averages[cause] * kept) + (_now[cause] * (1 - kept));
        }

        _settled = now;
    }
}
