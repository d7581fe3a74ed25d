using System.Text.Json;
using IterableAudience.Simulator.Api;
using IterableAudience.Simulator.Identifiers;
using IterableAudience.Simulator.Projects;

namespace IterableAudience.Simulator.Lists;

/// <summary>The answer of subscribe and unsubscribe: counts of rows, and the identifiers that failed. A row can be in more than one list.</summary>
internal sealed class BulkAnswer
{
    private readonly List<ReadOnlyMemory<byte>>?[] _failures = new List<ReadOnlyMemory<byte>>?[FailureLists.Names.Count];

    public int SuccessCount { get; set; }

    public int FailCount { get; set; }

    /// <summary>Lists an identifier; gives false, so that a rule can end with it.</summary>
    public bool Fail(FailureList list, ReadOnlyMemory<byte> identifier)
    {
        (_failures[(int)list] ??= []).Add(identifier);
        return false;
    }

    public ApiAnswer ToAnswer(Behaviour behaviour) => ApiAnswer.Json(200, json => Write(json, behaviour), 512 + (FailCount * 40));

    private void Write(Utf8JsonWriter json, Behaviour behaviour)
    {
        json.WriteStartObject();
        json.WriteNumber("successCount", SuccessCount);
        json.WriteNumber("failCount", FailCount);
        if (behaviour.Answers == AnswerEra.Today)
        {
            json.WriteStartArray("createdFields");
            json.WriteEndArray();
            json.WriteStartArray("filteredOutFields");
            json.WriteEndArray();
        }

        WriteList(json, FailureList.InvalidEmails, behaviour);
        if (behaviour.Answers != AnswerEra.Recorded2017)
            WriteList(json, FailureList.InvalidUserIds, behaviour);
        if (behaviour.Answers == AnswerEra.Today)
        {
            json.WriteStartObject("failedUpdates");
            for (var list = FailureList.InvalidEmails; list <= FailureList.ForgottenUserIds; list++)
                WriteList(json, list, behaviour);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private void WriteList(Utf8JsonWriter json, FailureList list, Behaviour behaviour)
    {
        // The names alternate: e-mails, userIds.
        var lowercase = behaviour.LowercaseEchoes && (int)list % 2 == 0;
        json.WriteStartArray(FailureLists.Names[(int)list]);
        foreach (var identifier in _failures[(int)list] ?? [])
            json.WriteStringValue((lowercase ? EmailForm.Canonical(identifier) : identifier).Span);
        json.WriteEndArray();
    }
}
