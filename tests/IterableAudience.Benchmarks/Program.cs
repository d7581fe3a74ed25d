using BenchmarkDotNet.Running;
using IterableAudience.Benchmarks;
using IterableAudience.Benchmarks.Generator;

try
{
    return args switch
    {
        ["generate", .. var rest] => await GenerateCommand.RunAsync(new(rest, "records", "seed", "out")),
        _ => RunMicroBenchmarks(args),
    };
}
catch (ArgumentException wrong)
{
    Console.Error.WriteLine(wrong.Message);
    return 2;
}

// Everything else goes to BenchmarkDotNet: `--filter '*'`, `--list flat`, `--job short` …
static int RunMicroBenchmarks(string[] args)
{
    BenchmarkSwitcher.FromAssembly(typeof(Arguments).Assembly).Run(args);
    return 0;
}
