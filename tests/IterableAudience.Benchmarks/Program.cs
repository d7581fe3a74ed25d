using BenchmarkDotNet.Running;
using IterableAudience.Benchmarks;
using IterableAudience.Benchmarks.Generator;
using IterableAudience.Benchmarks.Mirror;
using IterableAudience.Benchmarks.Pace;
using IterableAudience.Benchmarks.Pages;
using IterableAudience.Benchmarks.Push;
using IterableAudience.Benchmarks.Small;
using IterableAudience.Benchmarks.Soak;
using IterableAudience.Demo.Driving;

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, signal) =>
{
    signal.Cancel = true;
    stop.Cancel();
};
try
{
    return args switch
    {
        ["generate", .. var rest] => await GenerateCommand.RunAsync(new(rest, "records", "seed", "out")),
        ["push", .. var rest] => await PushCommand.RunAsync(new(rest, "records", "seed", "runs", "store", "programs", "out"), stop.Token),
        ["soak", .. var rest] => await SoakCommand.RunAsync(new(rest, "minutes", "store", "programs", "out"), stop.Token),
        ["small", .. var rest] => await SmallCommand.RunAsync(new(rest, "records", "repetitions", "latency", "programs", "out"), stop.Token),
        ["pace", .. var rest] => await PaceCommand.RunAsync(new(rest, "seconds", "store", "budget", "allowed", "programs", "out"), stop.Token),
        ["mirror", .. var rest] => await MirrorCommand.RunAsync(new(rest, "rows", "small", "only", "programs", "out"), stop.Token),
        ["console", .. var rest] => await ConsoleCommand.RunAsync(new(rest, "records", "repetitions", "watchers", "programs", "out"), stop.Token),
        ["baseline", .. var rest] => await BaselineCommand.RunAsync(new(rest, "file", "to", "list"), stop.Token),
        _ => RunMicroBenchmarks(args),
    };
}
catch (Exception wrong) when (wrong is ArgumentException or DemoException or OperationCanceledException)
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
