using System.Diagnostics;
using IterableAudience.Tests.Samples;
using Xunit;

namespace IterableAudience.Tests.Faults;

/// <summary>The service as <c>dotnet publish</c> puts it together from what is built, once for the tests that share it, in a folder that goes with them.</summary>
public sealed class PublishedProgram : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("iterable-audience-published-").FullName;

    public string Program => Path.Combine(_folder, "IterableAudience.dll");

    public async ValueTask InitializeAsync()
    {
        var project = Path.Combine(Path.GetDirectoryName(SampleFiles.Folder)!, "src", "IterableAudience");
        var start = new ProcessStartInfo("dotnet",
        [
            "publish", project, "--no-build", "--nologo", "--disable-build-servers", "--output", _folder, "-p:UseAppHost=false",
            "--configuration", Path.GetFileName(Path.GetDirectoryName(Path.GetDirectoryName(ServiceProcess.Program)!)!),
        ])
        {
            RedirectStandardOutput = true,
        };
        // What a test run leaves in the environment is not meant for another build.
        foreach (var name in start.Environment.Keys.Where(n => n.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToList())
            start.Environment.Remove(name);
        using var publish = Process.Start(start)!;
        var said = await publish.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await publish.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(publish.ExitCode == 0, said);
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }
}
