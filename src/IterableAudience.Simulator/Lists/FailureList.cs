using System.Text.Json;

namespace IterableAudience.Simulator.Lists;

/// <summary>The ten documented lists of <c>failedUpdates</c>.</summary>
internal enum FailureList
{
    InvalidEmails,
    InvalidUserIds,
    NotFoundEmails,
    NotFoundUserIds,
    InvalidDataEmails,
    InvalidDataUserIds,
    ConflictEmails,
    ConflictUserIds,
    ForgottenEmails,
    ForgottenUserIds,
}

internal static class FailureLists
{
    /// <summary>The names in the JSON, by the value of the list.</summary>
    public static IReadOnlyList<JsonEncodedText> Names { get; } =
        [.. Enum.GetNames<FailureList>().Select(name => JsonEncodedText.Encode(JsonNamingPolicy.CamelCase.ConvertName(name)))];
}
