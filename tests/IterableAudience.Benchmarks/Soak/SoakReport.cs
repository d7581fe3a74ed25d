using System.Globalization;
using System.Text;

namespace IterableAudience.Benchmarks.Soak;

/// <summary>The page of a soak: what the service held and how quick it was at the start and at the end.</summary>
internal static class SoakReport
{
    public static string Markdown(string store, int minutes, int connections, List<SoakSample> samples, List<(double Minute, double Seconds)> latencies)
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"# Soak on {store}: {minutes} minutes of mixed syncs").AppendLine()
            .AppendLine("Made by `scripts/soak.sh`; not edited by hand. One connection pushes 60,000 records again and again, with 20 seconds between; meanwhile two")
            .AppendLine(CultureInfo.InvariantCulture, $"workers push 1,000 records to one of {connections - 1} others about every second. A third of the records change or end what earlier ones brought. Budget: 50 requests/s.")
            .AppendLine("At the end every list in the simulator was compared with the truth: equal. Every sync ended as `completed` and its report added up.").AppendLine()
            .AppendLine("| Minute | Records so far | Memory, MiB | Handles | Threads | Store, MiB |").AppendLine("|--:|--:|--:|--:|--:|--:|");
        foreach (var sample in samples.Where((_, i) => i % Math.Max(1, samples.Count / 12) == 0).Append(samples[^1]).Distinct())
        {
            text.AppendLine(
                CultureInfo.InvariantCulture,
                $"| {sample.Minute:0.0} | {sample.Records:N0} | {sample.Memory:0} | {sample.Handles} | {sample.Threads} | {sample.Store / 1048576.0:0} |");
        }

        text.AppendLine().AppendLine("A push of 1,000 records, from the first byte to the closed report, beside all the others:").AppendLine()
            .AppendLine("| Part of the time | Pushes | Median, ms | 95 %, ms | 99 %, ms |").AppendLine("|---|--:|--:|--:|--:|");
        for (var part = 0; part < 3; part++)
        {
            var (from, to) = (part * minutes / 3.0, (part + 1) * minutes / 3.0);
            var times = latencies.Where(l => l.Minute >= from && (l.Minute < to || part == 2)).Select(l => l.Seconds * 1000).Order().ToList();
            if (times.Count > 0)
            {
                text.AppendLine(
                    CultureInfo.InvariantCulture,
                    $"| minutes {from:0.#} to {to:0.#} | {times.Count} | {At(times, .5):0} | {At(times, .95):0} | {At(times, .99):0} |");
            }
        }

        text.AppendLine().AppendLine("The store grows by what is kept of past syncs until retention comes (30 days by default). The machine:").AppendLine();
        foreach (var line in Machine.Describe())
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"- {line}");
        }

        return text.ToString();
    }

    private static double At(List<double> ordered, double share) => ordered[Math.Min(ordered.Count - 1, (int)(share * ordered.Count))];
}
