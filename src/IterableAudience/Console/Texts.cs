using System.Globalization;
using IterableAudience.Syncs.Report;

namespace IterableAudience.Console;

/// <summary>How numbers, times and states read on a page.</summary>
internal static class Texts
{
    public const string ExactTime = "yyyy-MM-dd HH:mm:ss 'UTC'";

    public static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    public static string Number(double number) => number.ToString("0.#", CultureInfo.InvariantCulture);

    /// <summary><c>1 record</c>, <c>2,000 records</c>.</summary>
    public static string Count(long number, string one, string? many = null) => $"{Number(number)} {(number == 1 ? one : many ?? one + "s")}";

    public static string Exact(DateTimeOffset moment) => moment.UtcDateTime.ToString(ExactTime, CultureInfo.InvariantCulture);

    /// <summary><c>3 min ago</c>, <c>in 2 h</c>; the page's script goes on with it.</summary>
    public static string Relative(DateTimeOffset moment, DateTimeOffset now)
    {
        var distance = (now - moment).Duration();
        var text = distance.TotalSeconds < 45 ? null
            : distance.TotalMinutes < 59.5 ? $"{Math.Round(distance.TotalMinutes):0} min"
            : distance.TotalHours < 23.5 ? $"{Math.Round(distance.TotalHours):0} h"
            : distance.TotalDays < 60 ? Count((long)Math.Round(distance.TotalDays), "day")
            : Count((long)Math.Round(distance.TotalDays / 30.44), "month");
        return text is null ? (moment > now ? "in a moment" : "just now") : moment > now ? $"in {text}" : $"{text} ago";
    }

    /// <summary><c>850 ms</c>, <c>3.2 s</c>, <c>4 min 10 s</c>, <c>2 h 5 min</c>.</summary>
    public static string Duration(TimeSpan time) => time switch
    {
        { TotalMilliseconds: < 1000 } => $"{time.TotalMilliseconds:0} ms",
        { TotalSeconds: < 60 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.#} s"),
        { TotalMinutes: < 60 } => $"{(int)time.TotalMinutes} min {time.Seconds} s",
        _ => $"{(int)time.TotalHours} h {time.Minutes} min",
    };

    /// <summary>An outcome of a sync or a record, or a phase, as words: <c>completed_with_failures</c> → <c>Completed with failures</c>.</summary>
    public static string Words(string word) => word switch
    {
        "held" => "Held for approval",
        "not_sent" => "Not sent",
        "planned" => "Dry run",
        "" => "",
        _ => char.ToUpperInvariant(word[0]) + word[1..].Replace('_', ' '),
    };

    /// <summary>The colour of an outcome: good, warn, bad, info or calm.</summary>
    public static string Tone(string outcome) => outcome switch
    {
        "completed" or "subscribed" or "unsubscribed" => "good",
        "completed_with_failures" or "held" or "not_sent" => "warn",
        "aborted" or "failed" or "rejected" => "bad",
        "running" or "queued" or "planned" => "info",
        _ => "calm",
    };

    public static string WarningText(WarningCount warning) => warning.Warning switch
    {
        "identifier_dropped" => $"{Count(warning.Count, "bad identifier was", "bad identifiers were")} dropped from records that go with their other one.",
        "removals_skipped" => "Nobody was removed for absence, since some records could not be read or placed.",
        _ => $"{Words(warning.Warning)}: {Number(warning.Count)}",
    };

    public static string Trigger(string trigger) => trigger switch
    {
        "push" => "pushed records",
        "manual" => "by hand",
        "schedule" => "on schedule",
        _ => "from an approved plan",
    };
}
