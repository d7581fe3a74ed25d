using System.Collections.Concurrent;

namespace IterableAudience.Warehouses.DuckDb;

/// <summary>
/// Where the files are, and who has one: the service has one session on a file at a time. DuckDB lets one process write to a file, but nothing keeps two
/// sessions of one process from opening it twice.
/// </summary>
internal sealed class DuckDbFiles
{
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _turns = new(StringComparer.Ordinal);

    /// <summary>Waits for a file, and takes it; whoever has it gives it back by disposing of the answer.</summary>
    public async Task<IDisposable> TakeAsync(string file, CancellationToken cancel)
    {
        var turn = _turns.GetOrAdd(file, _ => new(1, 1));
        await turn.WaitAsync(cancel);
        return new Taken(turn);
    }

    /// <summary>The folder itself, with links followed.</summary>
    public static string Root(string setting) => RealPath(Path.GetFullPath(setting));

    /// <summary>The file that an account names, with links followed.</summary>
    /// <exception cref="WarehouseException">There is none, or it lies outside of the folder.</exception>
    public static string Find(string root, string path)
    {
        var file = RealPath(Path.GetFullPath(Path.Combine(root, path)));
        if (!file.StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal))
        {
            throw new WarehouseException(WarehouseException.AccessDenied, "The DuckDB file lies outside of the folder named by Sources__DuckDb__Root.");
        }

        return File.Exists(file)
            ? file
            : throw new WarehouseException(WarehouseException.NotFound, "There is no such DuckDB file in the folder named by Sources__DuckDb__Root; check the account's path.");
    }

    /// <summary>The path with every link on the way followed.</summary>
    private static string RealPath(string path)
    {
        var real = Path.GetPathRoot(path)!;
        foreach (var part in path[real.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries))
        {
            var next = new FileInfo(Path.Combine(real, part));
            try
            {
                real = next.ResolveLinkTarget(returnFinalTarget: true)?.FullName is { } target ? RealPath(target) : next.FullName;
            }
            catch (IOException)
            {
                real = next.FullName; // a link that leads nowhere, or round in circles: there will be no such file
            }
        }

        return real;
    }

    private sealed class Taken(SemaphoreSlim turn) : IDisposable
    {
        private SemaphoreSlim? _turn = turn;

        public void Dispose() => Interlocked.Exchange(ref _turn, null)?.Release();
    }
}
