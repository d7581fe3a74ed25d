using System.Globalization;

namespace IterableAudience.Benchmarks.Generator;

/// <summary><c>generate --records 1000000 --seed 7 --out file.ndjson</c></summary>
internal static class GenerateCommand
{
    public static async Task<int> RunAsync(Arguments arguments)
    {
        var records = arguments.Number("records", 1_000_000);
        var seed = arguments.Number("seed", 7);
        var path = arguments.Text("out") ?? throw new ArgumentException("generate needs --out <file>");

        await using var file = File.Create(path);
        await NdjsonWriter.WriteAsync(file, new RecordGenerator((ulong)seed).Take(records));
        System.Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{records:N0} records of seed {seed}, {file.Length / 1e6:N1} MB: {path}"));
        return 0;
    }
}
