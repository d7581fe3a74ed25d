namespace IterableAudience.Hosting;

/// <summary>A temporary file that holds rows in the clear: nobody else can open it, and it goes with the process, however that ends.</summary>
internal static class NamelessFile
{
    /// <param name="bufferSize">Bytes; 0 for whoever reads and writes by place.</param>
    public static FileStream Open(int bufferSize = 0)
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.Delete,
            BufferSize = bufferSize,
            Options = FileOptions.DeleteOnClose,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        var file = new FileStream(path, options);
        if (!OperatingSystem.IsWindows())
        {
            File.Delete(path); // an open file needs no name here
        }

        return file;
    }
}
