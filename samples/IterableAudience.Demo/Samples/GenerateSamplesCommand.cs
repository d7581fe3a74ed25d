using System.Text;

namespace IterableAudience.Demo.Samples;

/// <summary><c>generate-samples [folder]</c> writes the two files that are checked in; the same bytes every time.</summary>
internal static class GenerateSamplesCommand
{
    public const string Day1 = "audience-day1.ndjson";
    public const string Day2 = "audience-day2.ndjson";

    public static int Run(string folder)
    {
        var days = new Days();
        File.WriteAllBytes(Path.Combine(folder, Day1), Bytes(days.Day1));
        File.WriteAllBytes(Path.Combine(folder, Day2), Bytes(days.Day2));
        Console.WriteLine($"{Day1}: {days.Day1.Count} lines, {Day2}: {days.Day2.Count} lines");
        return 0;
    }

    public static byte[] Bytes(IEnumerable<string> lines) => Encoding.UTF8.GetBytes(string.Concat(lines.Select(l => l + "\n")));
}
