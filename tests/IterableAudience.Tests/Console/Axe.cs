using System.Text.Json;
using Microsoft.Playwright;

namespace IterableAudience.Tests.Console;

/// <summary>axe-core (Vendor/axe.min.js), which finds what keeps people from using a page.</summary>
internal static class Axe
{
    private static readonly Lazy<string> Source = new(() =>
    {
        using var reader = new StreamReader(typeof(Axe).Assembly.GetManifestResourceStream("axe.min.js")!);
        return reader.ReadToEnd();
    });

    /// <summary>Each serious or critical fault of a page: rule, element and what to do.</summary>
    /// <remarks>Evaluated as a debugger does: a script element would need a hole in the page's content security policy.</remarks>
    public static async Task<IReadOnlyList<string>> RunAsync(IPage page)
    {
        if (!await page.EvaluateAsync<bool>("() => 'axe' in window"))
        {
            await page.EvaluateAsync(Source.Value);
        }

        var violations = await page.EvaluateAsync<JsonElement>("() => axe.run(document, { resultTypes: ['violations'] }).then(run => run.violations)");
        var faults =
            from violation in violations.EnumerateArray()
            where Text(violation, "impact") is "serious" or "critical"
            from node in violation.GetProperty("nodes").EnumerateArray()
            select $"{Text(violation, "id")} ({Text(violation, "impact")}) at {node.GetProperty("target")}: {Text(node, "failureSummary")} {Text(violation, "helpUrl")}";
        return [.. faults];
    }

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();
}
