using System.Text.Json;
using System.Text.Json.Serialization;
using IterableAudience.Hosting;
using IterableAudience.Iterable;
using IterableAudience.Records;

namespace IterableAudience.Accounts;

/// <summary>The options of an account; which members belong to it depends on its definition. Those of a warehouse are the warehouse's own (<c>Warehouses/*/*Login.cs</c>).</summary>
/// <param name="DataCenter">Iterable: <c>US</c> or <c>EU</c>.</param>
/// <param name="ProjectType">Iterable: <c>email-based</c>, <c>userId-based</c> or <c>hybrid</c>; shown in Iterable under Settings, Project Settings, Unique Identifier.</param>
/// <param name="RequestsPerSecond">Iterable: this project's rate budget, instead of the service's default.</param>
/// <param name="MaxInFlight">Iterable: how many requests may be open at once, instead of the service's default.</param>
internal sealed record AccountOptions(
    string? DataCenter = null,
    string? ProjectType = null,
    double? RequestsPerSecond = null,
    int? MaxInFlight = null)
{
    private static readonly JsonSerializerOptions WithoutNulls = new(JsonSetup.Options) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    /// <summary>Members of other definitions: for PostgreSQL <c>host</c>, <c>port</c>, <c>dbname</c>, <c>user</c>, <c>sslMode</c>; for DuckDB <c>path</c>.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? More { get; init; }

    /// <summary>Iterable's members, each in its first form. The options must be valid.</summary>
    public AccountOptions OfIterable() => new(
        DataCenter: TryDataCenter(DataCenter, out var center) ? center.ToString() : null,
        ProjectType: TryProjectType(ProjectType, out var type) ? type.Word() : null,
        RequestsPerSecond: RequestsPerSecond,
        MaxInFlight: MaxInFlight);

    public static AccountOptions Of(Account account) => JsonSerializer.Deserialize<AccountOptions>(account.OptionsJson, JsonSetup.Options)!;

    public string ToJson() => JsonSerializer.Serialize(this, WithoutNulls);

    /// <summary>What an operator should know about a combination that is taken all the same.</summary>
    public IReadOnlyList<string> Warnings()
        => TryDataCenter(DataCenter, out var center) && center == Iterable.DataCenter.EU
            && TryProjectType(ProjectType, out var type) && type == Records.ProjectType.EmailBased
            ? ["Iterable says that it doesn't offer email-based projects in its EU data center. Check both options; the project type is shown in Iterable's project settings."]
            : [];

    /// <summary>Reads <c>US</c>, <c>EU</c> and RudderStack's older <c>USDC</c>, <c>EUDC</c>, without regard to case.</summary>
    public static bool TryDataCenter(string? text, out DataCenter center)
    {
        center = text?.ToUpperInvariant() is "EU" or "EUDC" ? Iterable.DataCenter.EU : Iterable.DataCenter.US;
        return text?.ToUpperInvariant() is "US" or "USDC" or "EU" or "EUDC";
    }

    /// <summary>Reads Iterable's three words and the short forms <c>email</c>, <c>userId</c>, without regard to case.</summary>
    public static bool TryProjectType(string? text, out ProjectType type)
    {
        (var known, type) = text?.ToUpperInvariant() switch
        {
            "EMAIL-BASED" or "EMAIL_BASED" or "EMAIL" => (true, Records.ProjectType.EmailBased),
            "USERID-BASED" or "USERID_BASED" or "USERID" => (true, Records.ProjectType.UserIdBased),
            "HYBRID" => (true, Records.ProjectType.Hybrid),
            _ => (false, default),
        };
        return known;
    }
}

/// <summary>The secret of an account: never returned, stored protected.</summary>
/// <param name="ApiKey">Iterable: a server-side API key of the project.</param>
internal sealed record AccountSecret(string? ApiKey = null)
{
    /// <summary>Members of other definitions: for PostgreSQL <c>password</c>.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? More { get; init; }

    /// <summary>Keeps it out of anything that prints a record.</summary>
    public override string ToString() => "AccountSecret";
}
