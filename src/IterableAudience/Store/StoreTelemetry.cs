using System.Data.Common;
using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace IterableAudience.Store;

/// <summary>How long the writes of the lean tables wait and take; a write is a batch, a chunk or a change of phase, never a record.</summary>
internal static class StoreTelemetry
{
    private static readonly double[] Seconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30];
    private static readonly KeyValuePair<string, object?> Durable = new("kind", "durable");
    private static readonly KeyValuePair<string, object?> Relaxed = new("kind", "relaxed");
    private static readonly Meter Meter = new("IterableAudience");
    private static readonly UpDownCounter<int> Waiting = Meter.CreateUpDownCounter<int>("iterable_audience.store.write.waiting", "{write}", "Writes that wait for the store's writer.");
    private static readonly Histogram<double> Wait = Histogram("iterable_audience.store.write.time_in_queue", "How long a write waited for the store's writer.");
    private static readonly Histogram<double> Duration = Histogram("iterable_audience.store.write.duration", "From the begin of a write to its commit, with those that share its transaction.");

    /// <summary>A write comes; dispose of it when it is committed, has failed or was given up.</summary>
    public static Write Come(bool durable)
    {
        Waiting.Add(1);
        return new Write(durable ? Durable : Relaxed);
    }

    private static Histogram<double> Histogram(string name, string description)
        => Meter.CreateHistogram(name, "s", description, tags: null, advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = Seconds });

    /// <summary>One write on its way.</summary>
    internal sealed class Write(KeyValuePair<string, object?> kind) : IDisposable
    {
        private readonly long _came = Stopwatch.GetTimestamp();
        private long _begun;

        /// <summary>The writer has come to it. Only the first call counts: a transaction may be tried again.</summary>
        public void Begin()
        {
            if (_begun == 0)
            {
                _begun = Stopwatch.GetTimestamp();
                Waiting.Add(-1);
                Wait.Record(Stopwatch.GetElapsedTime(_came, _begun).TotalSeconds, kind);
            }
        }

        /// <summary>The work, which begins when the writer comes to it.</summary>
        public Func<DbConnection, T> Timed<T>(Func<DbConnection, T> work)
            => connection =>
            {
                Begin();
                return work(connection);
            };

        public void Dispose()
        {
            if (_begun == 0)
            {
                Waiting.Add(-1);
                return;
            }

            Duration.Record(Stopwatch.GetElapsedTime(_begun).TotalSeconds, kind);
        }
    }
}
