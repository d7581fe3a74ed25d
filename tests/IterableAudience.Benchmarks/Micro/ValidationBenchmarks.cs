using System.Text;
using BenchmarkDotNet.Attributes;
using IterableAudience.Benchmarks.Generator;
using IterableAudience.Records;

namespace IterableAudience.Benchmarks.Micro;

/// <summary>Reading and judging records as they come out of the generator; the time is for one record.</summary>
[MemoryDiagnoser]
public class ValidationBenchmarks
{
    private const int Count = 10_000;

    private static readonly IdentifierMapping Mapping = new(NdjsonWriter.EmailColumn, NdjsonWriter.UserIdColumn);

    private readonly GeneratedRecord[] records = [.. new RecordGenerator(seed: 7).Take(Count)];
    private byte[][] lines = [];

    [GlobalSetup]
    public async Task WriteLines()
    {
        using var bytes = new MemoryStream();
        await NdjsonWriter.WriteAsync(bytes, records);
        lines = [.. Encoding.UTF8.GetString(bytes.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Encoding.UTF8.GetBytes)];
    }

    [Benchmark(OperationsPerInvoke = Count)]
    public int Read()
    {
        var found = 0;
        for (var i = 0; i < lines.Length; i++)
        {
            found += RecordReader.Read(lines[i], i + 1, Mapping).Email is null ? 0 : 1;
        }

        return found;
    }

    [Benchmark(OperationsPerInvoke = Count)]
    public int Judge()
    {
        var valid = 0;
        foreach (var record in records)
        {
            valid += IdentifierRules.Judge(ProjectType.Hybrid, record.Email, record.UserId).HasIdentity ? 1 : 0;
        }

        return valid;
    }

    [Benchmark(OperationsPerInvoke = Count)]
    public int ReadAndJudge()
    {
        var valid = 0;
        for (var i = 0; i < lines.Length; i++)
        {
            var record = RecordReader.Read(lines[i], i + 1, Mapping);
            valid += IdentifierRules.Judge(ProjectType.Hybrid, record.Email, record.UserId).HasIdentity ? 1 : 0;
        }

        return valid;
    }
}
