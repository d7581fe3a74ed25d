namespace IterableAudience.Warehouses.DuckDb;

/// <summary>
/// The folder that a session's DuckDB writes to what doesn't fit into its memory: rows of a source, in the clear. Nobody but the service's user may look into it, and it
/// goes with the session. What a process that was killed has left behind goes when the next one opens its first session: nobody holds its lock any more.
/// </summary>
internal sealed class DuckDbSpill : IDisposable
{
    private const string Prefix = "iterable-audience-duckdb-";
    private const string Lock = "lock";

    private static int _swept;

    private readonly string _folder;
    private readonly FileStream _lock;

    public DuckDbSpill()
    {
        if (Interlocked.Exchange(ref _swept, 1) == 0)
        {
            Sweep(Path.GetTempPath());
        }

        _folder = Directory.CreateTempSubdirectory(Prefix).FullName; // for its owner alone
        _lock = new FileStream(Path.Combine(_folder, Lock), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
    }

    /// <summary>DuckDB makes it when it needs it, and empties it when it ends.</summary>
    public string Files => Path.Combine(_folder, "files");

    public void Dispose()
    {
        _lock.Dispose();
        TryDelete(_folder);
    }

    /// <summary>Removes the folders of processes that are gone.</summary>
    internal static void Sweep(string of)
    {
        foreach (var folder in Directory.EnumerateDirectories(of, Prefix + "*"))
        {
            if (IsLeft(folder))
            {
                TryDelete(folder);
            }
        }
    }

    private static bool IsLeft(string folder)
    {
        try
        {
            using var held = new FileStream(Path.Combine(folder, Lock), FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false; // of somebody who lives, or is just making it, or of another user
        }
    }

    private static void TryDelete(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // the next process tries again
        }
    }
}
