namespace IterableAudience.Accounts;

/// <summary>
/// What the database's clock says, in timestamps of this process. Each answer of the database tells it, to within half the time that the answer
/// took; the one that tells it best now is believed, until another contradicts it.
/// </summary>
/// <remarks>For one caller at a time.</remarks>
internal sealed class DatabaseClock(TimeProvider time)
{
    /// <summary>By so much two clocks may drift apart, as a share of the time.</summary>
    private const double Drift = 100e-6;

    private readonly double ticksPerMicrosecond = time.TimestampFrequency / 1e6;
    private (long At, long Microseconds, double Error)? known;

    /// <summary>By how many microseconds it may be wrong; infinite before the first answer.</summary>
    public double Error => known is { } k ? ErrorAt(k, time.GetTimestamp()) / ticksPerMicrosecond : double.PositiveInfinity;

    /// <summary>Takes an answer in.</summary>
    /// <param name="asked">Timestamp before the question.</param>
    /// <param name="got">Timestamp after the answer.</param>
    /// <param name="microseconds">What the database's clock said in between.</param>
    public void Learn(long asked, long got, long microseconds)
    {
        var half = (got - asked) / 2.0;
        var at = asked + (long)half;
        if (known is not { } k || half < ErrorAt(k, got) || Math.Abs(Timestamp(microseconds) - at) > half + ErrorAt(k, got))
        {
            known = (at, microseconds, half);
        }
    }

    /// <summary>The timestamp of a moment of the database's clock. Something must have been learned.</summary>
    public long Timestamp(long microseconds) => known!.Value.At + (long)((microseconds - known.Value.Microseconds) * ticksPerMicrosecond);

    /// <summary>The moment of the database's clock at a timestamp. Something must have been learned.</summary>
    public long Microseconds(long timestamp) => known!.Value.Microseconds + (long)((timestamp - known.Value.At) / ticksPerMicrosecond);

    private static double ErrorAt((long At, long Microseconds, double Error) k, long now) => k.Error + (Drift * Math.Max(0, now - k.At));
}
