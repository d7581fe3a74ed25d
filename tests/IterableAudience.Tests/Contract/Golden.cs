using Xunit;

namespace IterableAudience.Tests.Contract;

/// <summary>
/// Texts that clients rely on, as they are checked in beside the tests. After a change that is meant, run the test with <c>UPDATE_GOLDEN=true</c>
/// and read the difference.
/// </summary>
internal static class Golden
{
    public static void ShouldMatch(string name, string text)
    {
        var path = Path.Combine(Folder(), name);
        text = text.ReplaceLineEndings("\n").TrimEnd() + "\n";
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "true")
            File.WriteAllText(path, text);
        var expected = File.Exists(path) ? File.ReadAllText(path).ReplaceLineEndings("\n") : "";
        Assert.True(expected == text, $"{name} differs from what is checked in, first at line {FirstDifference(expected, text)}. If that is meant, run the test with UPDATE_GOLDEN=true.");
    }

    private static string FirstDifference(string expected, string text)
    {
        var (before, after) = (expected.Split('\n'), text.Split('\n'));
        var line = 0;
        while (line < before.Length && line < after.Length && before[line] == after[line])
            line++;
        return $"{line + 1}: {(line < before.Length ? before[line].Trim() : "(end)")} is now {(line < after.Length ? after[line].Trim() : "(end)")}";
    }

    private static string Folder()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "IterableAudience.sln")))
            folder = folder.Parent ?? throw new InvalidOperationException("The tests don't run inside the repository, so there are no golden files.");
        return Path.Combine(folder.FullName, "tests", "IterableAudience.Tests", "Contract");
    }
}
