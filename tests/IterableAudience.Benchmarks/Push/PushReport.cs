using System.Globalization;
using System.Text;

namespace IterableAudience.Benchmarks.Push;

/// <summary>The measurements as a page to be committed.</summary>
internal static class PushReport
{
    public static string Line(Measurement m)
        => string.Create(CultureInfo.InvariantCulture, $"{m.Seconds:0.0} s, {m.RecordsPerSecond:N0} records/s, {m.CpuSeconds:0.0} CPU s, {m.PeakMemory:N0} MiB, {m.Requests:N0} requests");

    public static string Markdown(bool onPostgres, int seed, long bytes, List<Measurement> baseline, List<Measurement> started, List<Measurement> warm)
    {
        var page = new StringBuilder();
        page.AppendLine("# One push, end to end").AppendLine();
        page.AppendLine($"Made by `scripts/bench.sh {(onPostgres ? "push --store PostgreSql" : "push")}`; not edited by hand.").AppendLine();
        foreach (var line in Machine.Describe())
        {
            page.Append("- ").AppendLine(line);
        }

        var records = started[0].Records;
        page.AppendLine().AppendLine(CultureInfo.InvariantCulture, $"""
            {records:N0} generated records ({bytes / 1e6:N0} MB of NDJSON, seed {seed}) in one POST, `syncType=incremental`, hybrid project, {(onPostgres ? "PostgreSQL store (its server on the same cores, fsync on; its work is not in the CPU seconds)" : "SQLite store")}, rate budget out of the way
            (8 requests in flight). The service and the simulator are processes of their own on the same cores, so the simulator's work is in the seconds, not in the CPU seconds.
            After every run the simulator's list and the report's outcomes were compared with the truth that the generator knows, and were equal.

            *Just started* is the first push of a process on a fresh store, whose code is still being compiled while it runs; *warm* is the same push to another
            list right after, as a service does that has been up for a minute. Peak memory is the process's so far.
            *Baseline* is the shortest way in .NET through the same rules: read, validate, batch, send, attribute, in memory, without ledger, plan, outcomes or anything durable; always just started.

            | Run | | Seconds | Records/s | CPU s | CPU s per million | Peak MiB | Requests |
            |--:|---|--:|--:|--:|--:|--:|--:|
            """);
        for (var run = 0; run < started.Count; run++)
        {
            Row(page, $"{run + 1}", "baseline", baseline[run]);
            Row(page, $"{run + 1}", "service, just started", started[run]);
            Row(page, $"{run + 1}", "service, warm", warm[run]);
        }

        page.AppendLine();
        Summary(page, "just started", started, baseline);
        Summary(page, "warm", warm, baseline);
        return page.ToString();
    }

    private static void Summary(StringBuilder page, string what, List<Measurement> service, List<Measurement> baseline)
        => page.AppendLine(CultureInfo.InvariantCulture, $"""
            Median of the service, {what}: **{Median(service, m => m.RecordsPerSecond):N0} records/s**, {Median(service, m => m.CpuSecondsPerMillion):0.0} CPU s per million, {Median(service, m => m.PeakMemory):N0} MiB;
            against the baseline {Median(service, m => m.Seconds) / Median(baseline, m => m.Seconds):0.00} × the seconds, {Median(service, m => m.CpuSeconds) / Median(baseline, m => m.CpuSeconds):0.00} × the CPU seconds.

            """);

    private static void Row(StringBuilder page, string run, string what, Measurement m)
        => page.AppendLine(CultureInfo.InvariantCulture, $"| {run} | {what} | {m.Seconds:0.00} | {m.RecordsPerSecond:N0} | {m.CpuSeconds:0.00} | {m.CpuSecondsPerMillion:0.00} | {m.PeakMemory:N0} | {m.Requests:N0} |");

    private static double Median(List<Measurement> runs, Func<Measurement, double> of)
    {
        var sorted = runs.Select(of).Order().ToList();
        return (sorted[sorted.Count / 2] + sorted[(sorted.Count - 1) / 2]) / 2;
    }
}
