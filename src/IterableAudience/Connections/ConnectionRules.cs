using IterableAudience.Records;

namespace IterableAudience.Connections;

/// <summary>Rules between a connection and its project; pure. Each fault is a field with its message.</summary>
internal static class ConnectionRules
{
    /// <summary>Which identifiers a project type takes.</summary>
    public static string[] TakenBy(ProjectType type) => type switch
    {
        ProjectType.EmailBased => [Identifier.Email],
        ProjectType.UserIdBased => [Identifier.UserId],
        _ => [Identifier.Email, Identifier.UserId],
    };

    /// <summary>
    /// A mapping must map exactly what the project type takes, hybrid both. Without a source it may be left out altogether:
    /// records then carry <c>identifiers</c>.
    /// </summary>
    public static IEnumerable<(string Field, string Message)> MappingFaults(IReadOnlyList<Identifier> identifiers, ProjectType type, bool hasSource)
    {
        var taken = TakenBy(type);
        for (var i = 0; i < identifiers.Count; i++)
        {
            if (identifiers[i].To is { } to && !taken.Contains(to))
                yield return ($"identifiers[{i}].to", $"A project of type {type.Word()} doesn't take {to}; map {string.Join(" and ", taken)}.");
        }

        if (identifiers.Count == 0 && !hasSource)
            yield break;
        foreach (var missing in taken.Where(t => identifiers.All(i => i.To != t)))
            yield return ("identifiers", $"A project of type {type.Word()} needs a mapping of {missing}{(hasSource ? "." : ", or none at all when records carry identifiers.")}");
    }

    /// <summary>Iterable ignores the option in email-based projects and would create everybody.</summary>
    public static IEnumerable<(string Field, string Message)> ExistingOnlyFaults(bool updateExistingUsersOnly, ProjectType type)
    {
        if (updateExistingUsersOnly && type == ProjectType.EmailBased)
            yield return ("destinationConfig.updateExistingUsersOnly", "Iterable ignores it in email-based projects and creates unknown people all the same; leave it out.");
    }

    /// <summary>Faults under their fields, as an error answer wants them.</summary>
    public static Dictionary<string, string[]> ByField(this IEnumerable<(string Field, string Message)> faults)
        => faults.GroupBy(f => f.Field, f => f.Message).ToDictionary(g => g.Key, g => g.ToArray());
}
