using System.Globalization;
using System.Text;

namespace IterableAudience.Benchmarks.Pages;

/// <summary>The page about the console's pages.</summary>
internal static class ConsoleReport
{
    private const double MostMilliseconds = 50;
    private const double MostBytes = 150_000;

    public static string Markdown(int records, int repetitions, PageTimes baseline, IReadOnlyList<PageTimes> pages, IReadOnlyList<PageFile> files)
    {
        var text = new StringBuilder();
        text.AppendLine("# Pages of the console").AppendLine().AppendLine("Made by `scripts/bench.sh console`; not edited by hand.").AppendLine();
        foreach (var line in Machine.Describe())
        {
            text.Append("- ").AppendLine(line);
        }

        text.Append("- Load average after the pages, with this benchmark's own push: ").AppendLine(LoadAverage());
        text.AppendLine().AppendLine(CultureInfo.InvariantCulture, $"""
            An SQLite store with {ManyRows.Connections} connections and {ManyRows.Syncs:N0} syncs, one of them of {records:N0} records (pushed; the other rows are copies with other values). A visitor with a
            session asks for each page {repetitions} times, one after the other (once before is not counted), on the same machine. *First byte* is the time from the request to the
            first byte of the body, *whole* to the last. The ratio is to `GET /health/live` of the same service in the same run. Asked for: a first byte within {MostMilliseconds:0} ms
            and less than {MostBytes / 1000:0} KB of HTML; what is over is **bold**. Pages are not compressed by the service.

            | Page | | First byte, median ms | Worst ms | Ratio | Whole, median ms | HTML, KB |
            |---|---|--:|--:|--:|--:|--:|
            """);
        foreach (var page in pages.Prepend(baseline))
        {
            text.AppendLine(
                CultureInfo.InvariantCulture,
                $"| {page.What} | `{Short(page.Path)}` | {Mark(page.Median, MostMilliseconds, "0.0")} | {Mark(page.Worst, MostMilliseconds, "0.0")} | {page.Median / baseline.Median:0.0} | {page.MedianWhole:0.0} | {Mark(page.Bytes / 1000.0, MostBytes / 1000, "0.0")} |");
        }

        text.AppendLine().AppendLine("What pages load besides, once (it is kept by the browser), as sent to one that takes Brotli and gzip:").AppendLine();
        text.AppendLine("| File | Bytes | Compressed | Loaded by |").AppendLine("|---|--:|---|---|");
        foreach (var file in files)
        {
            text.AppendLine(
                CultureInfo.InvariantCulture,
                $"| `{file.Path}` | {file.Sent:N0} | {(file.Encoding.Length == 0 ? "no" : file.Encoding)} | {(file.Everywhere ? "every page" : "a connection's page")} |");
        }

        return text.AppendLine(CultureInfo.InvariantCulture, $"| together | {files.Sum(f => f.Sent):N0} | | |").ToString();
    }

    public static string Live(int records, int delay, IReadOnlyList<LiveWatch> watchers)
    {
        var seconds = watchers.Average(w => w.Seconds);
        return string.Create(CultureInfo.InvariantCulture, $"""

            ## Live pages

            While a push of {records:N0} more records ran (the simulator held every answer back for {delay} ms), {watchers.Count} visitors followed it by `/live`. All of them were told that it has
            finished, {seconds:0.0} s after they had begun to watch, the last one {1000 * (watchers.Max(w => w.FinishedAt) - watchers.Min(w => w.FinishedAt)):0} ms after the first.

            | | Fewest | Mean | Most |
            |---|--:|--:|--:|
            | events a visitor | {watchers.Min(w => w.Events)} | {watchers.Average(w => w.Events):0.0} | {watchers.Max(w => w.Events)} |
            | events a visitor and second | {watchers.Min(w => w.Events / w.Seconds):0.00} | {watchers.Average(w => w.Events / w.Seconds):0.00} | {watchers.Max(w => w.Events / w.Seconds):0.00} |
            | KB an event | | {watchers.Sum(w => w.Bytes) / 1000.0 / watchers.Sum(w => w.Events):0.0} | |

            """);
    }

    /// <summary>Of the last minute: a worst case says little when others work on the machine.</summary>
    private static string LoadAverage() => File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Split(' ')[0] : "unknown";

    private static string Mark(double value, double most, string format)
    {
        var text = value.ToString(format, CultureInfo.InvariantCulture);
        return value < most ? text : $"**{text}**";
    }

    /// <summary>Without the ids, which say nothing.</summary>
    private static string Short(string path)
    {
        var parts = path.Split('/');
        for (var i = 1; i < parts.Length; i++)
        {
            var id = parts[i].Split('?')[0];
            parts[i] = parts[i - 1] switch
            {
                "connections" => "{id}" + parts[i][id.Length..],
                "syncs" => "{syncId}" + parts[i][id.Length..],
                _ => parts[i],
            };
        }

        var whole = string.Join('/', parts);
        var before = whole.IndexOf("before=", StringComparison.Ordinal);
        return before < 0 ? whole : whole[..before] + "before=…";
    }
}
