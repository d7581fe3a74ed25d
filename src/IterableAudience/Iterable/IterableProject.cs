using IterableAudience.Records;

namespace IterableAudience.Iterable;

/// <summary>An Iterable project as an account names it: where it lives, what it takes, its key and its limits.</summary>
/// <param name="ProjectKey">Keyed hash of the API key: the project's name in logs and the name of its rate budget. Accounts with the same one are one project.</param>
/// <param name="DataCenter">Where the project lives.</param>
/// <param name="Type">How the project identifies its users.</param>
/// <param name="ApiKey">The server-side key. Goes into the <c>Api-Key</c> header and nowhere else.</param>
/// <param name="RequestsPerSecond">The account's own limit; null takes <see cref="IterableOptions.RequestsPerSecond"/>.</param>
/// <param name="MaxInFlight">The account's own limit; null takes <see cref="IterableOptions.MaxInFlight"/>.</param>
public sealed record IterableProject(
    string ProjectKey,
    DataCenter DataCenter,
    ProjectType Type,
    string ApiKey,
    double? RequestsPerSecond,
    int? MaxInFlight)
{
    /// <summary>Names the project without its key: a record prints all its members, and this one may end in a log.</summary>
    public override string ToString() => $"Iterable project {ProjectKey} ({DataCenter}, {Type.Word()})";
}
