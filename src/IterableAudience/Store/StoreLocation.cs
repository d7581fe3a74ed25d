using IterableAudience.Hosting;
using Microsoft.Data.Sqlite;

namespace IterableAudience.Store;

/// <summary>Where the store is.</summary>
/// <param name="ConnectionString">Complete, with the busy timeout.</param>
/// <param name="File">Full path of the SQLite file.</param>
internal sealed record StoreLocation(string ConnectionString, string File)
{
    private const string Default = "Data Source=data/iterable-audience.db";
    private const int BusyTimeoutSeconds = 30;

    /// <summary>Reads <c>Store__Provider</c> and <c>ConnectionStrings__Store</c>, and makes the folder.</summary>
    public static StoreLocation From(IConfiguration configuration)
    {
        var provider = configuration["Store:Provider"] ?? "Sqlite";
        if (!provider.Equals("Sqlite", StringComparison.OrdinalIgnoreCase))
            throw new StartFailure($"Store__Provider is '{provider}', but this version knows Sqlite only.");

        try
        {
            var text = configuration.GetConnectionString("Store") is { Length: > 0 } set ? set : Default;
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
            return new(builder.ToString(), file);
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
