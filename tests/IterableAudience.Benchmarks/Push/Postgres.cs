using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using IterableAudience.Demo.Driving;

namespace IterableAudience.Benchmarks.Push;

/// <summary>
/// A PostgreSQL server for one measurement, in a temporary folder: durable as a real one (fsync and full_page_writes on), with the memory that a small
/// installation would give it. Needs the server's programs (Debian: the package postgresql).
/// </summary>
internal sealed class Postgres : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("iterable-audience-pg-").FullName;
    private readonly string programs;

    private Postgres(string programs)
    {
        this.programs = programs;
        if (IsRoot)
        {
            Execute("chmod", "711", folder);
            Execute("chown", "postgres", folder);
        }
    }

    public string ConnectionString { get; private set; } = "";

    private static bool IsRoot => Environment.UserName == "root";

    private string Data => Path.Combine(folder, "data");

    public static Postgres Start()
    {
        List<string> folders = Directory.Exists("/usr/lib/postgresql")
            ? [.. Directory.GetDirectories("/usr/lib/postgresql").OrderByDescending(f => f, StringComparer.Ordinal).Select(f => Path.Combine(f, "bin"))]
            : [];
        folders.AddRange((Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries));
        var server = new Postgres(
            folders.Find(f => File.Exists(Path.Combine(f, "initdb")) && File.Exists(Path.Combine(f, "pg_ctl")))
            ?? throw new DemoException("PostgreSQL's server programs are missing. On Debian and Ubuntu: apt-get install postgresql"));
        try
        {
            server.Begin();
            return server;
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        if (File.Exists(Path.Combine(Data, "postmaster.pid")))
        {
            Run("pg_ctl", "-D", Data, "-m", "immediate", "-w", "stop");
        }

        Directory.Delete(folder, recursive: true);
    }

    private void Begin()
    {
        var port = FreePort().ToString(CultureInfo.InvariantCulture);
        Run("initdb", "-D", Data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8");
        File.AppendAllText(Path.Combine(Data, "postgresql.conf"), $"""

            listen_addresses='127.0.0.1'
            port={port}
            unix_socket_directories=''
            shared_buffers=512MB
            max_wal_size=4GB
            jit=off
            """);
        Run("pg_ctl", "-D", Data, "-l", Path.Combine(Data, "log"), "-w", "-t", "60", "start");
        ConnectionString = $"Host=127.0.0.1;Port={port};Username=postgres;Database=postgres";
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Runs a program of the server; it refuses to run as root.</summary>
    private void Run(string program, params string[] arguments)
    {
        var path = Path.Combine(programs, program);
        if (IsRoot)
        {
            Execute("runuser", ["-u", "postgres", "--", path, .. arguments]);
        }
        else
        {
            Execute(path, arguments);
        }
    }

    private static void Execute(string program, params string[] arguments)
    {
        // A server that is started inherits the pipes and would keep them open: what it says goes to its log.
        var quiet = arguments.Contains("start");
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = "/", RedirectStandardError = !quiet, RedirectStandardOutput = !quiet })!;
        var said = quiet ? "" : process.StandardOutput.ReadToEnd() + process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new DemoException($"{program} ended with {process.ExitCode}: {said}");
        }
    }
}
