using IterableAudience.Accounts;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace IterableAudience.Tests.Accounts;

public sealed class DatabaseClockTests
{
    private const long Ahead = 3_000_000_000; // µs that the database's clock is ahead

    private readonly FakeTimeProvider _time = new();
    private readonly DatabaseClock _clock;

    public DatabaseClockTests() => _clock = new DatabaseClock(_time);

    [Fact]
    public void The_quickest_answer_counts()
    {
        Learn(back: 200, forth: 200, Ahead);
        Learn(back: 5000, forth: 100, Ahead);
        Assert.InRange(Error(Ahead), -1, 1);
        Learn(back: 20, forth: 60, Ahead);
        Assert.InRange(Error(Ahead), -21, -19);
    }

    [Fact]
    public void An_answer_that_contradicts_it_counts_though_it_took_longer_and_after_a_while_any_does()
    {
        Learn(back: 10, forth: 10, Ahead);
        Learn(back: 500, forth: 500, Ahead - 60_000_000); // the clock was put back a minute
        Assert.InRange(Error(Ahead - 60_000_000), -1, 1);
        _time.Advance(TimeSpan.FromSeconds(11)); // clocks drift: the old answer may be wrong by 1.6 ms now
        Assert.InRange(_clock.Error, 1500, 1700);
        Learn(back: 900, forth: 900, Ahead - 60_000_300);
        Assert.InRange(Error(Ahead - 60_000_300), -1, 1);
    }

    /// <summary>A question and its answer; microseconds on the way.</summary>
    private void Learn(int back, int forth, long ahead)
    {
        var asked = _time.GetTimestamp();
        _time.Advance(TimeSpan.FromMicroseconds(forth));
        var says = Now() + ahead;
        _time.Advance(TimeSpan.FromMicroseconds(back));
        _clock.Learn(asked, _time.GetTimestamp(), says);
    }

    private long Now() => _time.GetTimestamp() / (_time.TimestampFrequency / 1_000_000);

    /// <summary>By how many microseconds this moment is put too late.</summary>
    private double Error(long ahead) => (_clock.Timestamp(Now() + ahead) - _time.GetTimestamp()) / (_time.TimestampFrequency / 1e6);
}
