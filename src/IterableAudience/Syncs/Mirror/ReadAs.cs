using System.Text.Json.Nodes;
using IterableAudience.Accounts;
using IterableAudience.Connections;
using IterableAudience.Sources;

namespace IterableAudience.Syncs.Mirror;

/// <summary>What a source was read with. Pure.</summary>
/// <param name="AccountId">Its account.</param>
/// <param name="Warehouse">Where that leads to (JSON of the account's options but for how to get in), which may change; another user or password is no other warehouse.</param>
/// <param name="Config">Key, and table or SQL.</param>
/// <param name="Mapping">Column → identifier.</param>
internal sealed record ReadAs(string AccountId, string Warehouse, SourceConfig Config, IReadOnlyList<Identifier> Mapping)
{
    private static readonly string[] WaysIn = ["user", "sslMode"];

    public static ReadAs Of(Source source, Account account, Connection connection)
        => new(account.Id, PlaceOf(account.OptionsJson), SourceConfig.Of(source) with { Description = null }, connection.Identifiers());

    private static string PlaceOf(string options)
    {
        var place = JsonNode.Parse(options)!.AsObject();
        foreach (var way in WaysIn)
        {
            place.Remove(way);
        }

        return place.ToJsonString();
    }

    /// <summary>The columns that are identifiers, each once.</summary>
    public IReadOnlyList<string> Columns => [.. Mapping.Select(m => m.From!).Distinct(StringComparer.Ordinal)];

    /// <summary>Whether rows that were read with <paramref name="before"/> can't be compared with rows that are read with this: another warehouse, another source config, or a mapping that was added or changed. One that was only taken away is no reason.</summary>
    public bool NeedsFullAfter(ReadAs before)
        => AccountId != before.AccountId || Warehouse != before.Warehouse || !Config.ReadsAlike(before.Config) || Mapping.Any(m => !before.Mapping.Contains(m));
}
