using BenchmarkDotNet.Attributes;
using IterableAudience.Iterable;
using IterableAudience.Records;

namespace IterableAudience.Benchmarks.Micro;

/// <summary>Building the request body of a full batch; the time is for one operation of its thousand.</summary>
[MemoryDiagnoser]
public class BatchingBenchmarks
{
    private static readonly Identity[] One = [.. Batch.Subscribers.Select(i => i.UserId is null ? i : new Identity(null, i.UserId))];

    [Benchmark(OperationsPerInvoke = Batch.Size)]
    public long? SubscribeBody()
    {
        using var content = BatchContent.Subscribe(12_345, Batch.Subscribers, updateExistingUsersOnly: false);
        return content.Headers.ContentLength;
    }

    [Benchmark(OperationsPerInvoke = Batch.Size)]
    public long? UnsubscribeBody()
    {
        using var content = BatchContent.Unsubscribe(12_345, One);
        return content.Headers.ContentLength;
    }
}
