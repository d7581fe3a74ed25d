using System.Text.Json;
using BenchmarkDotNet.Attributes;
using IterableAudience.Iterable;
using IterableAudience.Records;

namespace IterableAudience.Benchmarks.Micro;

/// <summary>From Iterable's answer to an outcome for each operation of a full batch, reading the answer included; the time is for one operation.</summary>
[MemoryDiagnoser]
public class AttributionBenchmarks
{
    private byte[] answer = [];

    /// <summary>How many of the thousand Iterable refuses.</summary>
    [Params(0, 10, 500)]
    public int Failures { get; set; }

    [GlobalSetup]
    public void WriteAnswer()
    {
        var failed = Batch.Subscribers.Where(i => i.UserId is not null).Take(Failures).ToArray();
        answer = JsonSerializer.SerializeToUtf8Bytes(new
        {
            successCount = Batch.Size - failed.Length,
            failCount = failed.Length,
            failedUpdates = new { conflictEmails = Array.Empty<string>(), invalidUserIds = failed.Select(i => i.UserId) },
        });
    }

    [Benchmark(OperationsPerInvoke = Batch.Size)]
    public int Attribute()
    {
        var verdict = Attribution.Attribute(OperationKind.Subscribe, Batch.Subscribers, ListAnswer.TryRead(answer)!);
        return verdict.IsComplete ? verdict.Results.Count(r => r.Outcome == Outcome.Failed) : throw new InvalidOperationException("The answer must add up.");
    }
}
