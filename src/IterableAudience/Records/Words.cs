using System.Collections.Frozen;
using System.Text.Json;

namespace IterableAudience.Records;

/// <summary>The spelling of the closed sets in the API: <c>snake_case</c> for outcomes and reasons, Iterable's own words for project types.</summary>
public static class Words
{
    private static readonly string[] Outcomes = Spell<Outcome>();
    private static readonly string[] Reasons = Spell<Reason>();
    private static readonly string[] Actions = Spell<RecordAction>();
    private static readonly FrozenDictionary<string, Outcome> OutcomesByWord = ByWord<Outcome>();
    private static readonly FrozenDictionary<string, Reason> ReasonsByWord = ByWord<Reason>();

    /// <summary>The word of an outcome, e.g. <c>not_sent</c>.</summary>
    public static string Word(this Outcome outcome) => Outcomes[(int)outcome];

    /// <summary>The word of a reason, e.g. <c>user_not_found</c>; null for <see cref="Reason.None"/>.</summary>
    public static string? Word(this Reason reason) => reason == Reason.None ? null : Reasons[(int)reason];

    /// <summary>The word of an action, e.g. <c>insert</c>.</summary>
    public static string Word(this RecordAction action) => Actions[(int)action];

    /// <summary>The word of a project type, e.g. <c>userId-based</c>.</summary>
    public static string Word(this ProjectType type) => type switch
    {
        ProjectType.EmailBased => "email-based",
        ProjectType.UserIdBased => "userId-based",
        _ => "hybrid",
    };

    /// <summary>Finds the outcome of a word; false when there is none.</summary>
    public static bool TryOutcome(string word, out Outcome outcome) => OutcomesByWord.TryGetValue(word, out outcome);

    /// <summary>Finds the reason of a word; false when there is none.</summary>
    public static bool TryReason(string word, out Reason reason) => ReasonsByWord.TryGetValue(word, out reason) && reason != Reason.None;

    private static string Snake(string name) => JsonNamingPolicy.SnakeCaseLower.ConvertName(name);

    private static string[] Spell<T>()
        where T : struct, Enum
    {
        var words = new string[Enum.GetValues<T>().Max(v => Convert.ToInt32(v, null)) + 1];
        foreach (var value in Enum.GetValues<T>())
        {
            words[Convert.ToInt32(value, null)] = Snake(value.ToString());
        }

        return words;
    }

    private static FrozenDictionary<string, T> ByWord<T>()
        where T : struct, Enum
        => Enum.GetValues<T>().ToFrozenDictionary(v => Snake(v.ToString()), v => v, StringComparer.Ordinal);
}
