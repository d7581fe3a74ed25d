using System.Runtime.InteropServices;
using IterableAudience.Demo.Driving;
using IterableAudience.Demo.Run;
using IterableAudience.Demo.Samples;

namespace IterableAudience.Demo;

/// <summary>Not top-level statements: the tests know the service by the global Program.</summary>
internal static class DemoProgram
{
    private static async Task<int> Main(string[] args)
    {
        return args switch
        {
            ["generate-samples"] => GenerateSamplesCommand.Run("samples"),
            ["generate-samples", var folder] => GenerateSamplesCommand.Run(folder),
            ["demo", .. var rest] when Options.Parse(rest) is { } options => await DemoAsync(options),
            _ => Usage(),
        };
    }

    private static async Task<int> DemoAsync(Options options)
    {
        // Whichever way it is told to stop, it takes the programs that it started with it.
        using var stop = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
        try
        {
            return await new DemoRun(options, stop.Token).RunAsync();
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            Console.Error.WriteLine("Stopped before the end.");
            return 130;
        }
        catch (Exception failure) when (failure is DemoException or HttpRequestException or IOException)
        {
            Console.Error.WriteLine(failure.Message);
            return 1;
        }

        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.Cancel();
        }
    }

    private static int Usage()
    {
        Console.Error.WriteLine(Options.Usage);
        return 2;
    }
}
