using System.Diagnostics;
using IterableAudience.Tests.Samples;
using Xunit;

namespace IterableAudience.Tests.Faults;

/// <summary>
/// The service as <c>dotnet publish</c> puts it together from what is built: once for all tests of a run that ask for it, in a folder that goes with the process.
/// They share it, so nobody may write to it.
/// </summary>
internal static class PublishedProgram
{
    private static readonly Lazy<Task<string>> Common = new(PublishAsync);

    public static Task<string> PathAsync() => Common.Value;

    private static async Task<string> PublishAsync()
    {
        var folder = Directory.CreateTempSubdirectory("iterable-audience-published-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        var project = Path.Combine(Path.GetDirectoryName(SampleFiles.Folder)!, "src", "IterableAudience");
        var start = new ProcessStartInfo("dotnet",
        [
            "publish", project, "--no-build", "--nologo", "--disable-build-servers", "--output", folder, "-p:UseAppHost=false",
            "--configuration", Path.GetFileName(Path.GetDirectoryName(Path.GetDirectoryName(ServiceProcess.Program)!)!),
        ])
        {
            RedirectStandardOutput = true,
        };
        // What a test run leaves in the environment is not meant for another build.
        foreach (var name in start.Environment.Keys.Where(n => n.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToList())
        {
            start.Environment.Remove(name);
        }

        using var publish = Process.Start(start)!;
        // Not with the token of the test that happens to be the first: others wait for the same.
        var said = await publish.StandardOutput.ReadToEndAsync(CancellationToken.None);
        await publish.WaitForExitAsync(CancellationToken.None);
        Assert.True(publish.ExitCode == 0, said);
        return Path.Combine(folder, "IterableAudience.dll");
    }
}
