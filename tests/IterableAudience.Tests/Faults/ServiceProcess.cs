using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using IterableAudience.Tests.Samples;
using Xunit;

namespace IterableAudience.Tests.Faults;

/// <summary>The service as it was built, as a process of its own that can be killed. All that it writes is kept.</summary>
internal sealed partial class ServiceProcess : IAsyncDisposable
{
    private const int SigTerm = 15;
    private const int SigCont = 18;
    private const int SigStop = 19;
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output = new();
    private readonly ConcurrentQueue<string> _error = new();
    private Uri? _address;

    private ServiceProcess(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Keep(_output, line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(_error, line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>The program beside the tests: the same configuration and framework, in its own output folder, as it is published.</summary>
    public static string Program { get; } = Path.Combine(
        Path.GetDirectoryName(SampleFiles.Folder)!, "src", "IterableAudience", Path.GetRelativePath(TestProject, AppContext.BaseDirectory), "IterableAudience.dll");

    public IReadOnlyCollection<string> Output => _output;

    public IReadOnlyCollection<string> Error => _error;

    /// <summary>All that it wrote to standard output, as one text.</summary>
    public string OutputText => string.Join(Environment.NewLine, _output);

    /// <summary>All that it wrote to standard error, as one text.</summary>
    public string ErrorText => string.Join(Environment.NewLine, _error);

    public Uri Address => _address ?? throw new InvalidOperationException("It doesn't listen yet.");

    private static string TestProject => Path.Combine(Path.GetDirectoryName(SampleFiles.Folder)!, "tests", "IterableAudience.Tests");

    public static ServiceProcess Start(string folder, IReadOnlyDictionary<string, string> settings, params IReadOnlyList<string> arguments)
        => StartProgram(Program, folder, settings, arguments);

    /// <summary>As <see cref="Start(string, IReadOnlyDictionary{string, string}, IReadOnlyList{string})"/>, from another place.</summary>
    public static ServiceProcess StartProgram(string program, string folder, IReadOnlyDictionary<string, string> settings, params IReadOnlyList<string> arguments)
        => Start(new ProcessStartInfo("dotnet", [program, .. arguments]) { WorkingDirectory = folder }, settings);

    /// <summary>As <see cref="Start(string, IReadOnlyDictionary{string, string}, IReadOnlyList{string})"/>, for <see cref="LimitFiles"/>.</summary>
    public static ServiceProcess StartLimitable(string folder, IReadOnlyDictionary<string, string> settings)
        // Writing beyond the limit would end the process by a signal; ignored, it is an error of the write, as a full disk is.
        => Start(new ProcessStartInfo("bash", ["-c", $"trap '' XFSZ; exec dotnet '{Program}'"]) { WorkingDirectory = folder }, settings);

    /// <summary>Waits until it says where it listens and that it is ready.</summary>
    public async Task ReadyAsync()
    {
        await Until.Is("the service listens", () => _process.HasExited || (_address = Listening()) is not null);
        if (_process.HasExited)
            Assert.Fail($"The service ended with {await EndAsync()}: {ErrorText}{Environment.NewLine}{OutputText}");
        using var http = new HttpClient { BaseAddress = _address };
        await Until.AsyncIs("ready", async () => (int)(await http.GetAsync("/health/ready", TestContext.Current.CancellationToken)).StatusCode, status => status == 200);
    }

    /// <summary>SIGKILL: it has no chance to do anything.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await EndAsync();
    }

    /// <summary>SIGTERM, as an orchestrator ends it; returns the exit code.</summary>
    public async Task<int> StopAsync()
    {
        Assert.Equal(0, Signal(_process.Id, SigTerm));
        return await EndAsync();
    }

    /// <summary>SIGSTOP: not one instruction more until <see cref="Wake"/>; its connections stay open.</summary>
    public void Freeze() => Assert.Equal(0, Signal(_process.Id, SigStop));

    public void Wake() => Assert.Equal(0, Signal(_process.Id, SigCont));

    /// <summary>Waits until it has ended by itself, and all that it wrote is here.</summary>
    public async Task<int> EndAsync()
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(Until.Patience);
        await _process.WaitForExitAsync(patience.Token);
        return _process.ExitCode;
    }

    /// <summary>No file may grow beyond so many bytes; null lifts the limit.</summary>
    public void LimitFiles(long? bytes)
    {
        using var prlimit = Process.Start("prlimit", [$"--pid={_process.Id}", $"--fsize={bytes?.ToString(CultureInfo.InvariantCulture) ?? "unlimited"}:unlimited"]);
        prlimit.WaitForExit();
        Assert.Equal(0, prlimit.ExitCode);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync(CancellationToken.None);
        }

        _process.Dispose();
    }

    private static ServiceProcess Start(ProcessStartInfo start, IReadOnlyDictionary<string, string> settings)
    {
        foreach (var (name, value) in settings)
            start.Environment[name] = value;
        return new ServiceProcess(start);
    }

    private static void Keep(ConcurrentQueue<string> lines, string? line)
    {
        if (line is not null)
            lines.Enqueue(line);
    }

    // Process.Kill knows only SIGKILL.
    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Signal(int process, int signal);

    [GeneratedRegex("""
        "address":"(http://[^"]+)"
        """)]
    private static partial Regex ListeningLine();

    private Uri? Listening()
        => _output.Select(line => ListeningLine().Match(line)).FirstOrDefault(match => match.Success) is { } found ? new Uri(found.Groups[1].Value) : null;
}
