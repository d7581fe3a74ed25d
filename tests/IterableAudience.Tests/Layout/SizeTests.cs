using Xunit;

namespace IterableAudience.Tests.Layout;

/// <summary>Small files: nine of ten under 200 lines, none over 400. Migrations are generated, and exempt.</summary>
public sealed class SizeTests
{
    private static readonly (string File, int Lines)[] Sources =
    [
        .. Repository.Files("src", ".cs")
            .Where(f => !f.Contains("/Migrations/", StringComparison.Ordinal))
            .Select(f => (f, File.ReadLines(Path.Combine(Repository.Root, f)).Count())),
    ];

    [Fact]
    public void No_source_file_has_more_than_400_lines() => Assert.DoesNotContain(Sources, s => s.Lines > 400);

    [Fact]
    public void Nine_of_ten_source_files_have_fewer_than_200_lines()
        => Assert.True(Sources.Count(s => s.Lines >= 200) * 10 <= Sources.Length, string.Join('\n', Sources.Where(s => s.Lines >= 200)));
}
