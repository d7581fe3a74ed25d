using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using IterableAudience.Store;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Quartz;

namespace IterableAudience.Tests.Stores;

/// <summary>
/// A PostgreSQL server of the tests' own: a fresh cluster in a temporary folder on a free port, gone with the process. Needs the server's programs
/// (Debian: the package postgresql); <see cref="Missing"/> says what to do without them.
/// </summary>
/// <remarks>
/// The cluster forgets with the power (fsync off). Whoever kills the server process still finds what was committed; what was committed without waiting
/// for the log is lost then, for as long as the server's log writer sleeps (setting wal_writer_delay).
/// </remarks>
public sealed class PostgresServer : IDisposable
{
    /// <summary>The one user who is asked for a password. A test makes it.</summary>
    public const string WithPassword = "somebody_with_password";

    private static readonly Lazy<PostgresServer> Common = new(() => new PostgresServer());
    private static readonly string? Programs = FindPrograms();
    private static int _databases;

    private readonly Lock _creation = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("iterable-audience-pg-").FullName;
    private bool _running;
    private bool _hasTemplate;

    /// <param name="settings">Further lines of its configuration.</param>
    public PostgresServer(string settings = "")
    {
        if (Missing is { } missing)
            throw new InvalidOperationException(missing);
        Port = FreePort();
        if (IsRoot)
        {
            Execute("chmod", "711", _folder);
            Execute("chown", "postgres", _folder);
        }

        Run("initdb", "-D", Data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync");
        File.AppendAllText(Path.Combine(Data, "postgresql.conf"), $"""

            listen_addresses='127.0.0.1'
            port={Port}
            unix_socket_directories=''
            fsync=off
            full_page_writes=off
            shared_buffers=128MB
            max_wal_size=2GB
            max_connections=400
            wal_level=minimal
            max_wal_senders=0
            jit=off
            {settings}
            """);
        var access = Path.Combine(Data, "pg_hba.conf");
        File.WriteAllText(access, $"host all {WithPassword} all scram-sha-256\n{File.ReadAllText(access)}"); // the first line that fits counts
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Dispose();
        Start();
    }

    /// <summary>The server that tests share; each makes a database of its own on it.</summary>
    public static PostgresServer Shared => Common.Value;

    /// <summary>Why tests on PostgreSQL can't run here; null when they can.</summary>
    public static string? Missing => Programs is null ? "PostgreSQL's server programs are missing. On Debian and Ubuntu: apt-get install postgresql" : null;

    public int Port { get; }

    private string Data => Path.Combine(_folder, "data");

    private static bool IsRoot => Environment.UserName == "root";

    public string ConnectionString(string database) => $"Host=127.0.0.1;Port={Port};Username=postgres;Database={database}";

    /// <summary>Makes an empty database and returns its connection string.</summary>
    public string NewDatabase() => Create("");

    /// <summary>Makes a database with the store's schema: a copy of one that was migrated once, which is much cheaper.</summary>
    public string NewStore() => Create($"TEMPLATE {Template()}");

    /// <summary>Drops a database of a test, soon: the server takes a tenth of a second to send away whoever is still connected to it, and nobody waits for that.</summary>
    public void Drop(string connectionString)
        => Task.Run(() => Execute($"DROP DATABASE IF EXISTS {new NpgsqlConnectionStringBuilder(connectionString).Database} WITH (FORCE)"));

    public void Start()
    {
        Run("pg_ctl", "-D", Data, "-l", Path.Combine(_folder, "log"), "-s", "-w", "-t", "60", "start");
        _running = true;
    }

    /// <summary>Stops the server; <paramref name="mode"/> is <c>fast</c> (clients are cut off) or <c>immediate</c> (as if it had crashed).</summary>
    public void Stop(string mode = "immediate")
    {
        if (_running)
            Run("pg_ctl", "-D", Data, "-m", mode, "-w", "-t", "60", "stop");
        _running = false;
    }

    public void Dispose()
    {
        Stop();
        if (Directory.Exists(_folder))
            Directory.Delete(_folder, recursive: true);
    }

    /// <summary>A database whose schema is up to date, and to which nobody is connected any more.</summary>
    private string Template()
    {
        const string Name = "migrated";
        lock (_creation)
        {
            if (!_hasTemplate)
            {
                Execute($"CREATE DATABASE {Name}");
                using var store = new PostgresStoreContext(
                    new DbContextOptionsBuilder<PostgresStoreContext>().UseNpgsql(ConnectionString(Name) + ";Pooling=false").Options);
                store.Database.Migrate();
                store.Database.ExecuteSqlRaw(QuartzTables());
                _hasTemplate = true;
            }
        }

        return Name;
    }

    /// <summary>What Quartz would make in each database at the first start of a service, which is half of the time that the start takes.</summary>
    private static string QuartzTables()
    {
        using var script = new StreamReader(typeof(IScheduler).Assembly.GetManifestResourceStream("Quartz.Impl.AdoJobStore.Schema.create_postgres.sql")!);
        return script.ReadToEnd().Replace("{0}", "qrtz_", StringComparison.Ordinal).Replace("{1}", "qrtz_", StringComparison.Ordinal);
    }

    private string Create(string how)
    {
        var name = $"test{Interlocked.Increment(ref _databases)}";
        lock (_creation)
            Execute($"CREATE DATABASE {name} {how}");
        return ConnectionString(name);
    }

    private static string? FindPrograms()
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).ToList();
        if (Directory.Exists("/usr/lib/postgresql"))
        {
            // The packages of Debian put the server's programs there, one folder a version.
            folders.InsertRange(0, Directory.GetDirectories("/usr/lib/postgresql").OrderByDescending(f => f, StringComparer.Ordinal).Select(f => Path.Combine(f, "bin")));
        }

        return folders.Find(f => File.Exists(Path.Combine(f, "initdb")) && File.Exists(Path.Combine(f, "pg_ctl")));
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Runs a program of the server; it refuses to run as root.</summary>
    private static void Run(string program, params string[] arguments)
    {
        var path = Path.Combine(Programs!, program);
        if (IsRoot)
            Execute("runuser", ["-u", "postgres", "--", path, .. arguments]);
        else
            Execute(path, arguments);
    }

    private static void Execute(string program, params string[] arguments)
    {
        // A server that is started inherits the pipes and would keep them open: what it says goes to its log.
        var quiet = arguments.Contains("start");
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = "/", RedirectStandardError = !quiet, RedirectStandardOutput = !quiet })!;
        var error = quiet ? "" : process.StandardOutput.ReadToEnd() + process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}: {error}");
    }

    private void Execute(string sql)
    {
        using var connection = new NpgsqlConnection(ConnectionString("postgres") + ";Pooling=false");
        connection.Open();
        using var command = new NpgsqlCommand(sql, connection);
        command.ExecuteNonQuery();
    }
}
