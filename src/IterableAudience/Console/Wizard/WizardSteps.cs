namespace IterableAudience.Console.Wizard;

/// <summary>The steps of setting up a connection, in RudderStack's order, and which fields are whose.</summary>
internal static class WizardSteps
{
    public static readonly WizardStep[] All =
    [
        new("source", "Source", ["source", "sourceId", "sourceType", "config.", "accountId"]),
        new("destination", "Destination", ["destination.", "destinationId"]),
        new("list", "List", ["list", "destinationConfig.audienceId", "destinationConfig.createList"]),
        new("people", "Existing users", ["destinationConfig.updateExistingUsersOnly"]),
        new("map", "Map identifiers", ["map", "identifiers"]),
        new("schedule", "Schedule", ["schedule"]),
        new("settings", "Logs, retry, guard", ["syncSettings"]),
        new("review", "Review", []),
    ];

    public static WizardStep? Find(string? name) => Array.Find(All, s => s.Name == name);

    public static int Place(string name) => Array.FindIndex(All, s => s.Name == name);

    /// <summary>The step before or after, without those that don't apply; the step itself at the ends.</summary>
    public static string Beside(string name, int by, IReadOnlySet<string> skipped)
    {
        var place = Place(name) + by;
        while (place > 0 && place < All.Length - 1 && skipped.Contains(All[place].Name))
        {
            place += by;
        }

        return All[Math.Clamp(place, 0, All.Length - 1)].Name;
    }

    /// <summary>The step whose field the API found fault with.</summary>
    public static WizardStep? OfFault(string field) => Array.Find(All, s => s.Fields.Any(f => field.StartsWith(f, StringComparison.Ordinal)));
}

/// <param name="Name">In the address.</param>
/// <param name="Title">For people.</param>
/// <param name="Fields">How the names of its fields begin.</param>
internal sealed record WizardStep(string Name, string Title, string[] Fields);
