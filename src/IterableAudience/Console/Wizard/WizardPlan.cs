namespace IterableAudience.Console.Wizard;

/// <summary>Whether the plan of a dry run is of what the draft says now.</summary>
internal static class WizardPlan
{
    /// <summary>Fields that a plan doesn't depend on.</summary>
    private static readonly string[] Others = ["plan.", "made.", "shown.", "said", "reached", "list.search", "schedule."];

    /// <summary>What a plan depends on.</summary>
    public static string InputsOf(FormFields fields)
        => System.Text.Json.JsonSerializer.Serialize(fields.All.Where(f => !Others.Any(o => f.Key.StartsWith(o, StringComparison.Ordinal))).OrderBy(f => f.Key, StringComparer.Ordinal).Select(f => new[] { f.Key, f.Value }));

    /// <summary>There is a plan, and nothing that it depends on was changed since.</summary>
    public static bool IsCurrent(FormFields fields) => fields["plan.syncId"].Length > 0 && fields["plan.of"] == InputsOf(fields);

    /// <summary>The same of the plan that a page has shown: another tab may have made another one.</summary>
    public static bool IsCurrent(FormFields fields, string syncId) => IsCurrent(fields) && fields["plan.syncId"] == syncId;
}
