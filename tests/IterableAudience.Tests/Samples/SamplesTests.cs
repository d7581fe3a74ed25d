using System.Text.RegularExpressions;
using IterableAudience.Demo.Samples;
using Xunit;

namespace IterableAudience.Tests.Samples;

public sealed class SamplesTests
{
    private static readonly Days Days = new();

    public static TheoryData<string> Files => [GenerateSamplesCommand.Day1, GenerateSamplesCommand.Day2];

    [Fact]
    public void Making_the_samples_again_gives_the_files_that_are_checked_in()
    {
        Assert.Equal(SampleFiles.Bytes(GenerateSamplesCommand.Day1), GenerateSamplesCommand.Bytes(Days.Day1));
        Assert.Equal(SampleFiles.Bytes(GenerateSamplesCommand.Day2), GenerateSamplesCommand.Bytes(Days.Day2));
    }

    [Fact]
    public void The_first_day_has_ten_thousand_records() => Assert.Equal(10_000, SampleFiles.Lines(GenerateSamplesCommand.Day1).Length);

    [Theory]
    [MemberData(nameof(Files))]
    public void Nobody_in_the_samples_can_get_mail(string file)
    {
        var elsewhere = SampleFiles.Lines(file)
            .SelectMany(line => Regex.Matches(line, @"@\s*([\w.-]+)", RegexOptions.None, TimeSpan.FromSeconds(1)))
            .Select(match => match.Groups[1].Value.Replace("..", ".", StringComparison.Ordinal).ToLowerInvariant())
            .Where(domain => domain is not ("example.com" or "example.org" or "example.net" or "exam"))
            .Distinct();

        Assert.Empty(elsewhere);
    }
}
