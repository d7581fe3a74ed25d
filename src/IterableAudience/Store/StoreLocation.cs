using IterableAudience.Hosting;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace IterableAudience.Store;

/// <summary>Where the store is.</summary>
/// <param name="ConnectionString">Complete, with the time-outs.</param>
/// <param name="File">Full path of the SQLite file; null on PostgreSQL.</param>
/// <param name="Name">What to call it in messages: the file, or the host and database.</param>
internal sealed record StoreLocation(string ConnectionString, string? File, string Name)
{
    private const string Default = "Data Source=data/iterable-audience.db";
    private const int BusyTimeoutSeconds = 30;

    /// <summary>On a PostgreSQL server, which other nodes may share.</summary>
    public bool IsPostgres => File is null;

    /// <summary>Reads <c>Store__Provider</c> and <c>ConnectionStrings__Store</c>, and makes the folder.</summary>
    public static StoreLocation From(IConfiguration configuration)
    {
        var provider = configuration["Store:Provider"] ?? "Sqlite";
        var text = configuration.GetConnectionString("Store");
        if (provider.Equals("PostgreSql", StringComparison.OrdinalIgnoreCase))
            return OnPostgres(text);
        if (!provider.Equals("Sqlite", StringComparison.OrdinalIgnoreCase))
            throw new StartFailure($"Store__Provider is '{provider}'. It can be Sqlite or PostgreSql.");
        return InFile(text is { Length: > 0 } ? text : Default);
    }

    private static StoreLocation OnPostgres(string? text)
    {
        const string example = "It looks like: Host=db.example.com;Database=iterable_audience;Username=iterable_audience;Password=…";
        try
        {
            var builder = new NpgsqlConnectionStringBuilder(text ?? "");
            if (string.IsNullOrWhiteSpace(builder.Host))
                throw new StartFailure($"ConnectionStrings__Store must name a host when Store__Provider is PostgreSql. {example}");

            // The same statements run over and over; a dead peer must be noticed, or a node would wait for it for ever.
            Set(builder, "Max Auto Prepare", 100);
            Set(builder, "Auto Prepare Min Usages", 2);
            // Nothing of a session outlives its use: settings are of a transaction, as are all locks but the migration's, which is given back.
            Set(builder, "No Reset On Close", true);
            Set(builder, "Keepalive", 10);
            Set(builder, "Timeout", 10);
            Set(builder, "Command Timeout", 60);
            Set(builder, "Maximum Pool Size", 30); // three nodes on a server with its default of 100
            Set(builder, "Application Name", "iterable-audience");
            // A plan that was made while a table was small must not be kept when it is large; a node that freezes in a transaction must not keep its locks.
            builder.Options = string.Join(' ', builder.Options, "-c plan_cache_mode=force_custom_plan -c idle_in_transaction_session_timeout=15000");
            return new(builder.ToString(), null, $"{builder.Host}:{builder.Port}/{builder.Database ?? builder.Username}");
        }
        catch (Exception e) when (e is ArgumentException or FormatException)
        {
            throw new StartFailure($"ConnectionStrings__Store can't be read. {example}", e);
        }
    }

    private static void Set(NpgsqlConnectionStringBuilder builder, string name, object value)
    {
        if (!builder.ShouldSerialize(name))
            builder[name] = value;
    }

    private static StoreLocation InFile(string text)
    {
        try
        {
            var builder = new SqliteConnectionStringBuilder(text);
            if (builder.DataSource.Length == 0 || builder.DataSource == ":memory:" || builder.Mode == SqliteOpenMode.Memory)
                throw new StartFailure("ConnectionStrings__Store must name a file: a store in memory would forget the ledger with every restart.");
            var file = Path.GetFullPath(builder.DataSource);
            if (Directory.Exists(file))
                throw new StartFailure($"ConnectionStrings__Store names a folder: {file}. Name a file in it.");
            MakePrivate(file);
            builder.DataSource = file;
            if (!builder.ShouldSerialize("Default Timeout"))
                builder.DefaultTimeout = BusyTimeoutSeconds;
            return new(builder.ToString(), file, file);
        }
        catch (ArgumentException e)
        {
            throw new StartFailure("ConnectionStrings__Store can't be read. It looks like: Data Source=data/iterable-audience.db", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartFailure("The folder of the store can't be made. Check ConnectionStrings__Store and the rights of the service's user.", e);
        }
    }

    /// <summary>The store holds addresses: what we make of it is for the service's user only. SQLite gives its other files the same rights.</summary>
    private static void MakePrivate(string file)
    {
        var folder = Path.GetDirectoryName(file)!;
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
            return;
        }

        if (!Directory.Exists(folder))
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        if (!System.IO.File.Exists(file))
        {
            using var made = new FileStream(file, new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.Write,
                Share = FileShare.ReadWrite,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
        }
    }
}
