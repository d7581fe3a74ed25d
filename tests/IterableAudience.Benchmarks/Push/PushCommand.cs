using IterableAudience.Benchmarks.Generator;

namespace IterableAudience.Benchmarks.Push;

/// <summary><c>push --records 1000000 --seed 7 --runs 3 --store Sqlite --programs out/bench --out report.md</c></summary>
internal static class PushCommand
{
    public static async Task<int> RunAsync(Arguments arguments, CancellationToken cancellation)
    {
        var records = arguments.Number("records", 1_000_000);
        var seed = arguments.Number("seed", 7);
        var programs = arguments.Text("programs") ?? Programs.DefaultFolder;
        var onPostgres = arguments.OnPostgres();
        var generator = new RecordGenerator((ulong)seed);
        var expected = new Expectation(generator, records);

        // Made before the clock starts: the machine's few cores belong to what is measured.
        var file = Path.GetTempFileName();
        try
        {
            await using (var stream = File.Create(file))
            {
                await NdjsonWriter.WriteAsync(stream, generator.Take(records), cancellation);
            }

            List<Measurement> baseline = [], started = [], warm = [];
            for (var run = 1; run <= arguments.Number("runs", 1); run++)
            {
                baseline.Add(await Baseline.RunAsync(programs, file, records, expected, cancellation));
                System.Console.WriteLine($"run {run}, baseline: {PushReport.Line(baseline[^1])}");
                var service = await ServicePush.RunAsync(programs, file, records, onPostgres, expected, cancellation);
                started.Add(service.Started);
                warm.Add(service.Warm);
                System.Console.WriteLine($"run {run}, just started: {PushReport.Line(service.Started)}");
                System.Console.WriteLine($"run {run}, warm:     {PushReport.Line(service.Warm)}");
            }

            var report = PushReport.Markdown(onPostgres, seed, new FileInfo(file).Length, baseline, started, warm);
            System.Console.WriteLine(report);
            if (arguments.Text("out") is { } path)
            {
                await File.WriteAllTextAsync(path, report, cancellation);
            }

            return 0;
        }
        finally
        {
            File.Delete(file);
        }
    }
}
