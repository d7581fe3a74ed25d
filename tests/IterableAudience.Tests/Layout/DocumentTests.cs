using System.Text.RegularExpressions;
using IterableAudience.Records;
using IterableAudience.Syncs;
using Xunit;

namespace IterableAudience.Tests.Layout;

/// <summary>The documents name what is there: files, headings, outcomes, reasons, events, metrics.</summary>
public sealed partial class DocumentTests
{
    private const string Operations = "docs/operations.md";

    public static TheoryData<string> Documents { get; } =
        [.. new[] { "README.md" }.Concat(Repository.Files("docs", ".md")).Concat(Repository.Files("src", ".md"))];

    [Theory]
    [MemberData(nameof(Documents))]
    public void Every_link_leads_somewhere(string document)
    {
        var folder = Path.GetDirectoryName(document)!.Replace('\\', '/');
        var broken =
            from match in Links().Matches(WithoutCode(document))
            let target = match.Groups["target"].Value
            where !target.Contains("://", StringComparison.Ordinal)
            let parts = target.Split('#')
            let file = parts[0].Length == 0 ? document : $"{folder}/{parts[0]}".TrimStart('/')
            where !Repository.Has(file) || (parts.Length > 1 && !Headings(file).Contains(parts[1]))
            select target;

        Assert.Empty(broken);
    }

    /// <summary>In backticks, from the root of the repository, from the service's folder or from the document's.</summary>
    [Theory]
    [MemberData(nameof(Documents))]
    public void Every_file_that_is_named_exists(string document)
    {
        var folders = new[] { "", "src/IterableAudience/", Path.GetDirectoryName(document)!.Replace('\\', '/') + "/" };
        var missing =
            from match in FileNames().Matches(WithoutCode(document))
            let file = match.Groups["file"].Value
            where !folders.Any(f => Repository.Has($"{f}{file}".TrimStart('/')))
            select file;

        Assert.Empty(missing);
    }

    [Fact]
    public void The_demo_fills_the_examples_of_Swagger_as_the_README_says()
        => Assert.Contains("[\"Documents__LiveExamples\"] = \"true\"", Repository.Read("samples/IterableAudience.Demo/Driving/Installation.cs"), StringComparison.Ordinal);

    [Fact]
    public void The_operations_guide_explains_every_outcome_and_reason()
    {
        var words = Enum.GetValues<Outcome>().Where(o => o != Outcome.Pending).Select(o => o.Word())
            .Concat(Enum.GetValues<Reason>().Where(r => r != Reason.None).Select(r => r.Word()!))
            .Concat(Enum.GetValues<SyncOutcome>().Select(o => o.Word()));

        Assert.Empty(Missing(words));
    }

    [Fact]
    public void The_operations_guide_lists_every_event_that_is_logged()
        => Assert.Empty(Missing(Repository.Files("src/IterableAudience", ".cs").SelectMany(f => EventIds().Matches(Repository.Read(f))).Select(m => m.Groups["id"].Value)));

    /// <summary>Both ways: what is made has a row that gives its type, and no row is of anything else.</summary>
    [Fact]
    public void The_operations_guide_has_a_row_for_every_metric_and_for_no_other()
        => Assert.Equal(MetricsMade(), MetricRows().Matches(Repository.Read(Operations)).Select(m => $"{m.Groups["name"].Value} {m.Groups["type"].Value}").Order(StringComparer.Ordinal));

    [Fact]
    public void What_the_operations_guide_asks_Prometheus_for_is_there()
    {
        var made = MetricsMade().Select(m => m.Split(' ')).Select(m => m[0].Replace('.', '_') + (m[1] == "counter" ? "_total" : "")).ToHashSet();
        var asked = PrometheusNames().Matches(Repository.Read(Operations)).Select(m => m.Groups["name"].Value).ToList();

        Assert.NotEmpty(asked);
        Assert.DoesNotContain(asked, name => !made.Contains(Unit().Replace(name, "")));
    }

    /// <summary>Every metric as its name, without the service's, and its type.</summary>
    private static List<string> MetricsMade()
        => [.. Repository.Files("src/IterableAudience", ".cs").SelectMany(f => Instruments().Matches(Repository.Read(f)))
            .Select(m => $"{m.Groups["name"].Value} {TypeOf(m.Groups["kind"].Value)}").Order(StringComparer.Ordinal)];

    private static string TypeOf(string instrument) => instrument switch
    {
        "Counter" or "ObservableCounter" => "counter",
        "Histogram" => "histogram",
        _ => "gauge",
    };

    private static IEnumerable<string> Missing(IEnumerable<string> words)
    {
        var text = Repository.Read(Operations);
        return words.Where(w => !text.Contains($"`{w}`", StringComparison.Ordinal));
    }

    private static string WithoutCode(string document) => CodeBlocks().Replace(Repository.Read(document), "");

    /// <summary>The anchors that GitHub makes of headings.</summary>
    private static HashSet<string> Headings(string document)
        => [.. HeadingLines().Matches(WithoutCode(document))
            .Select(m => NoAnchor().Replace(m.Groups["text"].Value.Trim().ToLowerInvariant(), "").Replace(' ', '-'))];

    [GeneratedRegex(@"^```.*?^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex CodeBlocks();

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)")]
    private static partial Regex Links();

    [GeneratedRegex(@"`(?<file>(?:[\w.-]+/)+(?:[\w.-]+\.(?:cs|md|sh|sql|csproj|ndjson|yml|json))?)`|`(?<file>[\w.-]+\.(?:md|sh|sln|yml))`")]
    private static partial Regex FileNames();

    [GeneratedRegex(@"^#+ (?<text>.+)$", RegexOptions.Multiline)]
    private static partial Regex HeadingLines();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NoAnchor();

    [GeneratedRegex(@"LoggerMessage\((EventId = )?(?<id>\d+)")]
    private static partial Regex EventIds();

    [GeneratedRegex(@"\b(Create)?(?<kind>(Observable)?(Counter|UpDownCounter|Gauge|Histogram))(<\w+>)?\(\s*""iterable_audience\.(?<name>[a-z_.]+)""")]
    private static partial Regex Instruments();

    [GeneratedRegex(@"^\| `(?<name>[a-z_.]+)` \| (?<type>counter|gauge|histogram), ", RegexOptions.Multiline)]
    private static partial Regex MetricRows();

    [GeneratedRegex(@"iterable_audience_(?<name>[a-z_]+)")]
    private static partial Regex PrometheusNames();

    [GeneratedRegex(@"(_seconds|_per_second)$")]
    private static partial Regex Unit();
}
