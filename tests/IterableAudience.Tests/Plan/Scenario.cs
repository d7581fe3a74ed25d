using System.Text.Json;
using System.Text.Json.Serialization;
using IterableAudience.Records;

namespace IterableAudience.Tests.Plan;

/// <summary>How much a scenario dares.</summary>
internal enum Daring
{
    /// <summary>Nothing fails: the list must be exactly what the rows say after every sync.</summary>
    Clean,

    /// <summary>Refusals, lost answers, outages, wrong counts.</summary>
    Faulty,

    /// <summary>The same, and in hybrid projects any e-mail comes with any userId.</summary>
    Wild,
}

/// <summary>One record as it is pushed. Without an action it is a line that nobody can read.</summary>
internal sealed record PushedRecord(string? Action, string? Key, string? Email, string? UserId)
{
    private static readonly JsonSerializerOptions WithoutNulls = new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    public string Line() => Action is null
        ? "{ no record"
        : JsonSerializer.Serialize(new { action = Action, primaryKey = Key, identifiers = new { email = Email, userId = UserId } }, WithoutNulls);
}

/// <summary>One push of one connection, and what happens in Iterable before and meanwhile.</summary>
internal sealed record Step(
    int Connection, bool Full, bool Resend, bool PlanFirst, bool Approve, PushedRecord[] Records, Fault[] Faults,
    Identity? Forget = null, Identity? LoseUserId = null);

/// <summary>A story of several connections on one list, made from a seed.</summary>
internal sealed record Scenario(
    int Seed, ProjectType Type, Daring Daring, bool[] IgnoreUnknownDeletes, Identity[] Strangers, Dictionary<string, string> Refused, Step[] Steps)
{
    /// <summary>A conflict lists who stood in the way.</summary>
    public bool NamesBlocker => Seed / 9 % 2 == 1;

    public static Scenario Make(int seed)
    {
        var draw = new ScenarioDraw(seed);
        return draw.Scenario();
    }

    public override string ToString()
    {
        var lines = new List<string> { $"seed {Seed}: {Type}, {Daring}, unknown deletes ignored: {string.Join(", ", IgnoreUnknownDeletes)}; strangers: {string.Join(' ', Strangers.Select(Show))}; refused: {string.Join(' ', Refused)}{(NamesBlocker ? "; conflicts name the blocker" : "")}" };
        foreach (var step in Steps)
        {
            var extra = (step.Forget is { } f ? $" after forgetting {Show(f)}" : "") + (step.LoseUserId is { } l ? $" after {Show(l)} lost the userId" : "");
            lines.Add($"  connection {step.Connection}: {(step.Full ? step.Resend ? "full, resend" : "full" : "incremental")}{(step.PlanFirst ? ", planned first" : "")}{(step.Approve ? ", approved if held" : "")}, faults [{string.Join(' ', step.Faults)}]{extra}");
            lines.AddRange(step.Records.Select(r => "    " + (r.Action is null ? "(unreadable)" : $"{r.Action} key={r.Key ?? "-"} email={r.Email ?? "-"} userId={r.UserId ?? "-"}")));
        }

        return string.Join('\n', lines);
    }

    private static string Show(Identity identity) => $"({identity.Email ?? "-"}, {identity.UserId ?? "-"})";
}
