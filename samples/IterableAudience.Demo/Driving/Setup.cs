using System.Text.Json.Nodes;

namespace IterableAudience.Demo.Driving;

/// <summary>A connection that was just made, and the list that Iterable made for it.</summary>
internal sealed record Setup(string AccountId, string DestinationId, string ConnectionId, long ListId)
{
    /// <summary>Makes an account, a destination, a new list and a hybrid connection that takes pushed records, each by the API.</summary>
    public static async Task<Setup> MakeAsync(JsonClient service, string listName, CancellationToken cancellation)
    {
        var account = await service.PostAsync("/v2/accounts", new JsonObject
        {
            ["name"] = "Simulated Iterable",
            ["accountDefinitionName"] = "DESTINATION_ITERABLE_AUDIENCE_API_KEY",
            ["options"] = new JsonObject { ["dataCenter"] = "US", ["projectType"] = "hybrid" },
            ["secret"] = new JsonObject { ["apiKey"] = SimulatorClient.HybridKey },
        }, cancellation);
        var destination = await service.PostAsync("/v2/destinations", new JsonObject
        {
            ["name"] = "Simulated audience",
            ["type"] = "ITERABLE_AUDIENCE",
            ["enabled"] = true,
            ["config"] = new JsonObject { ["rudderAccountId"] = Id(account) },
        }, cancellation);
        return await ConnectAsync(service, Id(account), Id(destination["destination"]!), listName, cancellation);
    }

    /// <summary>Makes another list and its connection on a destination that is there.</summary>
    public static async Task<Setup> ConnectAsync(JsonClient service, string account, string destination, string listName, CancellationToken cancellation)
    {
        var connection = await service.PostAsync("/v2/retl-connections", new JsonObject
        {
            ["destinationId"] = destination,
            ["enabled"] = true,
            ["syncBehaviour"] = "mirror",
            ["identifiers"] = new JsonArray(Mapping("EMAIL", "email"), Mapping("ID", "userId")),
            ["destinationConfig"] = new JsonObject
            {
                ["createList"] = new JsonObject { ["name"] = listName, ["description"] = "Made by the demo" },
                ["updateExistingUsersOnly"] = false,
            },
        }, cancellation);
        return new(account, destination, Id(connection), (long)connection["destinationConfig"]!["audienceId"]!);
    }

    /// <summary>Makes an account of a DuckDB file, a source of a model's SQL in it, and a connection of that to a new list.</summary>
    public static async Task<Setup> MirrorAsync(JsonClient service, Setup other, string file, string sql, string key, string listName, CancellationToken cancellation)
    {
        var account = await service.PostAsync("/v2/accounts", new JsonObject
        {
            ["name"] = "Shop",
            ["accountDefinitionName"] = "SOURCE_DUCKDB",
            ["options"] = new JsonObject { ["path"] = file },
        }, cancellation);
        var source = await service.PostAsync("/v2/retl-sources", new JsonObject
        {
            ["name"] = "Customers with a paid plan",
            ["sourceType"] = "model",
            ["sourceDefinitionName"] = "duckdb",
            ["accountId"] = Id(account),
            ["config"] = new JsonObject { ["primaryKey"] = key, ["sql"] = sql },
        }, cancellation);
        var connection = await service.PostAsync("/v2/retl-connections", new JsonObject
        {
            ["destinationId"] = other.DestinationId,
            ["sourceId"] = Id(source),
            ["schedule"] = new JsonObject { ["type"] = "basic", ["everyMinutes"] = 1440, ["startingAt"] = "02:30" },
            ["syncBehaviour"] = "mirror",
            ["identifiers"] = new JsonArray(Mapping("EMAIL", "email"), Mapping("ID", "userId")),
            ["destinationConfig"] = new JsonObject { ["createList"] = new JsonObject { ["name"] = listName, ["description"] = "Made by the demo" } },
        }, cancellation);
        await service.PostAsync("/v2/retl-sources/preview", new JsonObject { ["accountId"] = Id(account), ["sql"] = sql, ["limit"] = 5 }, cancellation);
        return new(Id(account), other.DestinationId, Id(connection), (long)connection["destinationConfig"]!["audienceId"]!);
    }

    private static string Id(JsonNode resource) => (string)resource["id"]!;

    private static JsonObject Mapping(string from, string to) => new() { ["from"] = from, ["to"] = to };
}
