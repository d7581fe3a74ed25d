namespace IterableAudience.Accounts;

/// <summary>
/// What the database's clock says, in timestamps of this process. Each answer of the database tells it within the time that the answer took: the
/// quickest of the last seconds counts, unless a newer one contradicts it.
/// </summary>
/// <remarks>For one caller at a time.</remarks>
internal sealed class DatabaseClock(TimeProvider time)
{
    /// <summary>By then two clocks may have drifted apart by half a millisecond.</summary>
    private static readonly TimeSpan Kept = TimeSpan.FromSeconds(10);

    private readonly double ticksPerMicrosecond = time.TimestampFrequency / 1e6;
    private bool known;
    private double offset;
    private long took;
    private long learned;

    /// <summary>Takes an answer in.</summary>
    /// <param name="asked">Timestamp before the question.</param>
    /// <param name="got">Timestamp after the answer.</param>
    /// <param name="microseconds">What the database's clock said in between.</param>
    public void Learn(long asked, long got, long microseconds)
    {
        var database = microseconds * ticksPerMicrosecond;
        if (known && got - asked > took && time.GetElapsedTime(learned, got) < Kept && database + offset >= asked && database + offset <= got)
        {
            return;
        }

        (known, offset, took, learned) = (true, asked + ((got - asked) / 2.0) - database, got - asked, got);
    }

    /// <summary>The timestamp of a moment of the database's clock.</summary>
    public long Timestamp(long microseconds) => (long)((microseconds * ticksPerMicrosecond) + offset);
}
