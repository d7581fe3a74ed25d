using System.Diagnostics;
using IterableAudience.Demo.Driving;
using IterableAudience.Demo.Expected;
using IterableAudience.Demo.Samples;

namespace IterableAudience.Demo.Run;

/// <summary>Pushes the two days to a fresh service, reports, and compares the list with the audience that the files describe; then the same with a table that the service reads itself.</summary>
internal sealed class DemoRun(Options options, CancellationToken cancellation)
{
    private readonly Audience audience = new([Days.ForgottenEmail]);
    private readonly List<string> faults = [];

    /// <summary>0 when the list is exactly the expected audience and every report adds up, else 1.</summary>
    public async Task<int> RunAsync()
    {
        Terminal.Title("Starting the service and a simulator of Iterable");
        await using var installation = await Installation.StartAsync(options.Service, options.Simulator, new Dictionary<string, string>(), cancellation);
        Terminal.Pair("service", installation.ServiceAddress.OriginalString);
        Terminal.Pair("simulator", installation.SimulatorAddress.OriginalString);

        await installation.Simulator.ForgetAsync(Days.ForgottenEmail, cancellation);
        var setup = await Setup.MakeAsync(installation.Service, "Newsletter readers", cancellation);
        Terminal.Pair("account, destination", $"{setup.AccountId}, {setup.DestinationId}");
        Terminal.Pair("connection, new list", $"{setup.ConnectionId}, {setup.ListId}");

        await DayAsync(installation, setup, "Day 1: the whole audience", GenerateSamplesCommand.Day1, showFailures: false);
        await DayAsync(installation, setup, "Day 2: what changed", GenerateSamplesCommand.Day2, showFailures: true);

        await new MirrorAct(installation, setup, audience, faults, cancellation).RunAsync(
            [Path.Combine(options.Samples, GenerateSamplesCommand.Day1), Path.Combine(options.Samples, GenerateSamplesCommand.Day2)]);

        var code = Verdict();
        if (options.Keep)
        {
            await KeepAsync(installation);
        }

        return code;
    }

    private async Task DayAsync(Installation installation, Setup setup, string title, string file, bool showFailures)
    {
        var path = Path.Combine(options.Samples, file);
        Terminal.Title($"{title} ({file})");
        var watch = Stopwatch.StartNew();
        var sync = await installation.Service.PushAsync(setup.ConnectionId, path, cancellation);
        Report.Print(sync, watch.Elapsed);
        if (showFailures)
        {
            Terminal.Title("One record of each kind that did not go through");
            await Report.PrintFailuresAsync(installation.Service, setup.ConnectionId, sync, cancellation);
        }

        var lines = await File.ReadAllLinesAsync(path, cancellation);
        audience.Apply(lines);
        faults.AddRange(Report.Faults(sync, lines.Length).Select(f => $"{file}: {f}"));
        Compare(faults, file, audience.People, await installation.Simulator.MembersAsync(setup.ListId, cancellation));
    }

    /// <summary>Prints how many are on a list, and notes who should not be, or should.</summary>
    public static void Compare(List<string> faults, string file, SortedSet<Person> expected, List<Person> listed)
    {
        var missing = expected.Except(listed).ToList();
        var strangers = listed.Except(expected).ToList();
        Terminal.Line();
        Terminal.Pair("on the list", $"{listed.Count,8:N0}   expected {expected.Count:N0}, missing {missing.Count:N0}, too many {strangers.Count:N0}");
        faults.AddRange(missing.Take(5).Select(p => $"{file}: not on the list: {p}"));
        faults.AddRange(strangers.Take(5).Select(p => $"{file}: on the list without a reason: {p}"));
    }

    private int Verdict()
    {
        Terminal.Line();
        if (faults.Count == 0)
        {
            Terminal.Good("OK: both lists are exactly the audiences of the files and of the table, and every report adds up.");
            return 0;
        }

        Terminal.Bad("NOT OK:");
        faults.ForEach(f => Terminal.Bad("  " + f));
        return 1;
    }

    private async Task KeepAsync(Installation installation)
    {
        Terminal.Title("Staying up until Ctrl-C");
        Terminal.Pair("Console", installation.ServiceAddress.OriginalString + "/");
        Terminal.Pair("Swagger UI", installation.ServiceAddress.OriginalString + "/swagger");
        Terminal.Pair("admin token for Authorize", installation.AdminToken);
        Terminal.Pair("the simulator's state", installation.SimulatorAddress.OriginalString);
        try
        {
            await Task.Delay(Timeout.Infinite, cancellation);
        }
        catch (OperationCanceledException)
        {
            Terminal.Line("Stopping.");
        }
    }
}
