using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace IterableAudience.Demo.Driving;

/// <summary>A .NET program that runs beside this one, with its output in a file, and that doesn't outlive it.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private const int SigTerm = 15;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Process process;
    private readonly string name;
    private readonly string logPath;
    private readonly StreamWriter log;

    private ChildProcess(string name, Process process, string logPath)
    {
        this.name = name;
        this.process = process;
        this.logPath = logPath;
        log = new(logPath);
        process.OutputDataReceived += (_, line) => Log(line.Data);
        process.ErrorDataReceived += (_, line) => Log(line.Data);
    }

    public int Id => process.Id;

    /// <summary>Starts <c>dotnet <paramref name="assembly"/></c> in <paramref name="folder"/>, where its output goes too.</summary>
    public static ChildProcess Start(string name, string assembly, string folder, IReadOnlyDictionary<string, string> settings)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet")
        {
            ArgumentList = { Path.GetFullPath(assembly) },
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (setting, value) in settings)
        {
            start.Environment[setting] = value;
        }

        var child = new ChildProcess(name, new() { StartInfo = start }, Path.Combine(folder, name + ".log"));
        child.process.Start();
        child.process.BeginOutputReadLine();
        child.process.BeginErrorReadLine();
        return child;
    }

    /// <summary>An address on this machine that nobody listens on. (Someone could take it before we do; then the start fails and says so.)</summary>
    public static Uri FreeAddress()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return new($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
    }

    /// <summary>Waits until the address answers with success; throws, with the end of the program's output, when it ends or takes too long.</summary>
    public async Task ReadyAsync(Uri address, CancellationToken cancellation)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        for (var watch = Stopwatch.StartNew(); watch.Elapsed < Patience && !process.HasExited;)
        {
            try
            {
                using var answer = await http.GetAsync(address, cancellation);
                if (answer.IsSuccessStatusCode)
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), cancellation);
        }

        var why = process.HasExited ? $"ended with exit code {process.ExitCode}" : $"did not answer at {address} within {Patience.TotalSeconds} s";
        throw new DemoException($"{name} {why}. The end of its output:{Environment.NewLine}{Tail()}");
    }

    /// <summary>Asks it to stop, and stops it by force when it takes too long.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            if (OperatingSystem.IsWindows() || Kill(process.Id, SigTerm) != 0)
            {
                process.Kill(entireProcessTree: true);
            }

            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            try
            {
                await process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                await process.WaitForExitAsync(CancellationToken.None);
            }
        }

        process.Dispose();
        lock (log)
        {
            log.Dispose();
        }
    }

    // Process.Kill knows only SIGKILL, which gives a service no chance to close its store.
    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int process, int signal);

    private void Log(string? line)
    {
        lock (log)
        {
            if (line is not null && log.BaseStream is { CanWrite: true })
            {
                log.WriteLine(line);
            }
        }
    }

    private string Tail()
    {
        lock (log)
        {
            log.Flush();
        }

        return string.Join(Environment.NewLine, File.ReadLines(logPath).TakeLast(20));
    }
}
