using IterableAudience.Hosting;

namespace IterableAudience.Store;

/// <summary>
/// One process to an SQLite store: the claims on connections and lists and the rate budget live in the process, so a second one would send twice.
/// The operating system frees the lock when the process ends, however it ends.
/// </summary>
internal sealed class StoreLock(StoreLocation location) : IDisposable
{
    private FileStream? _file;

    public void Take()
    {
        var path = location.File + ".lock";
        try
        {
            _file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (File.Exists(path))
        {
            throw new StartFailure($"Another process of the service has the store {location.Name} open. Stop it, or name another store with ConnectionStrings__Store.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartFailure($"The lock file {path} can't be written. Check the rights of the service's user.", e);
        }
    }

    public void Dispose() => _file?.Dispose();
}
