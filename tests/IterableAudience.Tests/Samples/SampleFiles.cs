namespace IterableAudience.Tests.Samples;

/// <summary>The sample files as they are checked in.</summary>
internal static class SampleFiles
{
    public static string Folder { get; } = Path.Combine(Root(), "samples");

    public static byte[] Bytes(string name) => File.ReadAllBytes(Path.Combine(Folder, name));

    public static string[] Lines(string name) => File.ReadAllLines(Path.Combine(Folder, name));

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "IterableAudience.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("The tests don't run inside the repository, so there are no samples.");
        }

        return folder.FullName;
    }
}
