using System.Text.Json.Nodes;
using IterableAudience.Benchmarks.Generator;
using IterableAudience.Demo.Expected;
using IterableAudience.Records;

namespace IterableAudience.Benchmarks.Push;

/// <summary>What must come out of a push of generated records, by the truth that they carry.</summary>
internal sealed class Expectation
{
    private readonly HashSet<Person> members = [];
    private readonly Dictionary<string, int> outcomes = new() { ["subscribed"] = 0, ["unsubscribed"] = 0, ["rejected"] = 0 };

    public Expectation(RecordGenerator generator, int records)
    {
        foreach (var record in generator.Take(records))
        {
            var identity = record.Truth.IdentityIn(ProjectType.Hybrid);
            outcomes[identity == default ? "rejected" : record.Action == RecordAction.Delete ? "unsubscribed" : "subscribed"]++;
            if (identity != default && record.Action != RecordAction.Delete)
            {
                members.Add(new(identity.Email, identity.UserId));
            }
        }
    }

    /// <summary>Compares a list with the truth; what differs, without naming more than a few.</summary>
    public IEnumerable<string> FaultsOf(List<Person> listed)
    {
        var strangers = listed.Where(person => !members.Contains(person)).ToList();
        var missing = members.Count - (listed.Count - strangers.Count);
        if (missing != 0 || strangers.Count != 0)
        {
            yield return $"the list has {listed.Count} people; {missing} of the {members.Count} expected are missing, {strangers.Count} are too many, such as {strangers.FirstOrDefault()}";
        }
    }

    /// <summary>Compares a report with the truth.</summary>
    public IEnumerable<string> FaultsOf(JsonNode sync)
    {
        foreach (var (outcome, count) in sync["report"]!["outcomes"]!.AsObject())
        {
            if ((int)count! != outcomes.GetValueOrDefault(outcome))
            {
                yield return $"{count} records are {outcome}, expected {outcomes.GetValueOrDefault(outcome)}";
            }
        }
    }
}
